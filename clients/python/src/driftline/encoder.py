"""Records to lines of JSON, in the background; and the sums of each interval that heartbeats report."""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from .convert import encode, number, text, to_bytes, to_json
from .report import Report

PREDICTIONS = "/v1/predictions"
GROUND_TRUTH = "/v1/ground-truth"
DELAYED = "/v1/delayed-metrics"
AGGREGATES = "/v1/aggregate-metrics"
REPLICA_STATS = "/v1/replica-stats"
#: Cloudera's routes, which take its own JSON.
TRACK = "/track-metrics"
TRACK_DELAYED = "/track-delayed-metrics"
TRACK_AGGREGATES = "/track-aggregate-metrics"

#: Model, version, deployment; None: not given.
Series = Tuple[str, Optional[str], Optional[str]]
MAX_ERROR = 1000


class Prediction(NamedTuple):
    """A prediction as the call left it; values are snapshots, or immutable. Times in ms."""

    series: Series
    id: str
    timestamp: int
    inputs: Any
    outputs: Any
    #: What ``track_metric`` was given, numbers and others alike, in order.
    tracked: Optional[Dict[str, Any]]
    metrics: Optional[Dict[str, Any]]
    tags: Optional[Dict[str, Any]]
    latency_ms: Optional[float]
    error: Optional[str]
    request_bytes: Optional[int]
    response_bytes: Optional[int]
    cpu_ms: Optional[float]
    memory_bytes: Optional[int]
    #: Whether it happens now: what is told of the past is no traffic of this process.
    live: bool
    #: Its Cloudera deployment, where it goes to Cloudera's route.
    crn: Optional[str] = None


class Plain(NamedTuple):
    """Any other record: a document, some values of which are still as they were given."""

    route: str
    document: Dict[str, Any]


class Sums:
    """What one series did in an interval."""

    __slots__ = ("requests", "failed", "latency_sum", "latency_max", "timed", "request_bytes", "response_bytes", "dropped")

    def __init__(self) -> None:
        self.requests = self.failed = self.timed = self.request_bytes = self.response_bytes = self.dropped = 0
        self.latency_sum = self.latency_max = 0.0


class Encoder:
    """Makes lines; used by one thread at a time."""

    def __init__(self, report: Report, replica: str) -> None:
        self._note: Callable[[str], None] = report.note
        self._replica = encode(replica)
        self.replica = replica
        self._heads: Dict[Series, str] = {}
        self._sums: Dict[Series, Sums] = {}
        self._guard = threading.Lock()
        #: Records that became lines.
        self.encoded = 0

    def line(self, record: Any) -> Tuple[str, bytes]:
        """The route of a record and its line."""
        self.encoded += 1
        if type(record) is Prediction:
            return self._cloudera(record) if record.crn is not None else self._prediction(record)
        return record.route, to_bytes(encode(self._plain(record)))

    def dropped(self, series: Series) -> None:
        """A prediction that the queue had no room for: asked for, answered, not kept."""
        with self._guard:
            sums = self._sums.setdefault(series, Sums())
            sums.dropped += 1
            sums.requests += 1

    def heartbeats(self, start: int, end: int, cpu_ms: float, memory_bytes: Optional[int]) -> List[Plain]:
        """A report a series for the interval, which begins anew."""
        with self._guard:
            sums, self._sums = self._sums, {series: Sums() for series in self._sums}
        return [Plain(REPLICA_STATS, self._report(series, one, start, end, cpu_ms, memory_bytes)) for series, one in sums.items()]

    def _report(self, series: Series, one: Sums, start: int, end: int, cpu_ms: float, memory: Optional[int]) -> Dict[str, Any]:
        model, version, deployment = series
        document: Dict[str, Any] = {"model": model}
        if version is not None:
            document["version"] = version
        if deployment is not None:
            document["deployment"] = deployment
        document.update(
            replica=self.replica, start=start, end=end, requests=one.requests, failed=one.failed,
            request_bytes=one.request_bytes, response_bytes=one.response_bytes, cpu_ms=round(cpu_ms, 3), dropped=one.dropped,
        )  # fmt: skip
        if one.timed:
            document.update(latency_ms_sum=one.latency_sum, latency_ms_max=one.latency_max)
        if memory is not None:
            document["memory_bytes"] = memory
        return document

    def _prediction(self, record: Prediction) -> Tuple[str, bytes]:
        note = self._note
        metrics, extras = self._metrics(record)
        parts = [self._head(record.series), ',"prediction_id":', encode(record.id), ',"timestamp":', str(record.timestamp)]
        request_bytes, response_bytes = record.request_bytes, record.response_bytes
        if record.inputs is not None:
            inputs = encode(to_json(record.inputs, note))
            parts += (',"inputs":', inputs)
            request_bytes = _size(inputs) if request_bytes is None else request_bytes
        outputs = to_json(record.outputs, note)
        if outputs is not None:
            # The size is that of the answer alone, without what was tracked beside it.
            written = encode(outputs)
            response_bytes = _size(written) if response_bytes is None else response_bytes
        if extras:
            outputs = {**extras, **(outputs if type(outputs) is dict else {} if outputs is None else {"value": outputs})}
            written = encode(outputs)
        if outputs is not None:
            parts += (',"outputs":', written)
        if metrics:
            parts += (',"metrics":', encode(metrics))
        tags = self._tags(record.tags)
        if tags:
            parts += (',"tags":', encode(tags))
        if record.latency_ms is not None:
            parts += (',"latency_ms":', _short(record.latency_ms))
        if record.error is not None:
            parts += (',"status":"error","error":', encode(record.error[:MAX_ERROR]))
        for name, value in (("request_bytes", request_bytes), ("response_bytes", response_bytes)):
            if value is not None:
                parts += (f',"{name}":', str(value))
        if record.cpu_ms is not None:
            parts += (',"cpu_ms":', _short(record.cpu_ms))
        if record.memory_bytes is not None:
            parts += (',"memory_bytes":', str(record.memory_bytes))
        parts += (',"replica":', self._replica, "}")
        if record.live:
            self._add(record, request_bytes, response_bytes)
        return PREDICTIONS, to_bytes("".join(parts))

    def _cloudera(self, record: Prediction) -> Tuple[str, bytes]:
        note = self._note
        tracked = {key: to_json(value, note) for key, value in (record.tracked or {}).items()}
        document: Dict[str, Any] = {
            "modelDeploymentCrn": record.crn,
            "startTimestampMs": record.timestamp,
            "endTimestampMs": record.timestamp + max(0, round(record.latency_ms or 0)),
            "predictionUuid": record.id,
            "metrics": tracked,
            "requestBytes": _size(encode(to_json(record.inputs, note))),
            "replica": self.replica,
        }
        if record.error is None:
            document["responseBytes"] = _size(encode(to_json(record.outputs, note)))
        else:
            document.update(status="error", error=record.error[:MAX_ERROR])
        if record.cpu_ms is not None:
            document["cpuMs"] = round(record.cpu_ms, 3)
        if record.memory_bytes is not None:
            document["memoryBytes"] = record.memory_bytes
        if record.live:
            self._add(record, document["requestBytes"], document.get("responseBytes"))
        return TRACK, to_bytes(encode(document))

    def _metrics(self, record: Prediction) -> Tuple[Dict[str, Any], Dict[str, Any]]:
        """Numbers, and what was tracked that is none and goes with the outputs."""
        metrics: Dict[str, Any] = {}
        extras: Dict[str, Any] = {}
        for key, value in (record.tracked or {}).items():
            plain = to_json(value, self._note)
            if type(plain) is float or type(plain) is int:
                metrics[key] = plain
            elif not (plain is None and value is not None):
                extras[key] = plain
        for key, value in (record.metrics or {}).items():
            measured = number(value, self._note)
            if measured is not None:
                metrics[str(key)] = measured
        return metrics, extras

    def _tags(self, tags: Optional[Dict[str, Any]]) -> Dict[str, str]:
        if not tags:
            return {}
        texts = {str(key): text(value, self._note) for key, value in tags.items()}
        return {key: value for key, value in texts.items() if value is not None}

    def _plain(self, record: Plain) -> Dict[str, Any]:
        document = dict(record.document)
        note = self._note
        for name in ("values", "metrics"):
            if name not in document:
                continue
            if record.route == AGGREGATES:
                numbers = {str(key): number(value, note) for key, value in document[name].items()}
                document[name] = {key: value for key, value in numbers.items() if value is not None}
            else:
                document[name] = to_json(document[name], note)
        return document

    def _head(self, series: Series) -> str:
        head = self._heads.get(series)
        if head is None:
            model, version, deployment = series
            head = f'{{"model":{encode(model)}'
            if version is not None:
                head += f',"version":{encode(version)}'
            if deployment is not None:
                head += f',"deployment":{encode(deployment)}'
            if len(self._heads) < 1000:
                self._heads[series] = head
        return head

    def _add(self, record: Prediction, request_bytes: Optional[int], response_bytes: Optional[int]) -> None:
        with self._guard:
            sums = self._sums.get(record.series)
            if sums is None:
                sums = self._sums[record.series] = Sums()
            sums.requests += 1
            sums.failed += record.error is not None
            sums.request_bytes += request_bytes or 0
            sums.response_bytes += response_bytes or 0
            if record.latency_ms is not None:
                sums.timed += 1
                sums.latency_sum += record.latency_ms
                sums.latency_max = max(sums.latency_max, record.latency_ms)


def _size(written: str) -> int:
    return len(written) if written.isascii() else len(to_bytes(written))


def _short(value: float) -> str:
    """Milliseconds to the microsecond; whole ones as integers."""
    rounded = round(value, 3)
    return str(int(rounded)) if rounded == int(rounded) else str(rounded)
