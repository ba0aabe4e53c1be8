"""The client: what is tracked goes to a queue and returns at once; what is asked waits for its answer."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, TypeVar, Union
from urllib.parse import quote

from . import lifecycle, settings
from .convert import epoch_ms, snapshot
from .encoder import AGGREGATES, DELAYED, GROUND_TRUTH, Plain, Prediction
from .ids import new_id, resolve_id
from .reading import Reader, Rows
from .recording import Decorator, Recording, Tags, current
from .report import Report
from .worker import Worker

F = TypeVar("F", bound=Callable[..., Any])
#: Epoch milliseconds, a datetime (without a zone: UTC), or ISO 8601.
Time = Any


def now_ms() -> int:
    import time

    return int(time.time() * 1000)


class Client:
    """A connection to a Driftline service.

    Settings are keyword arguments; most may come from the environment (``DRIFTLINE_URL`` for ``url``, and so on).

    :param url: address of the service, ``http://127.0.0.1:8080`` by default.
    :param api_key: key with the scope ``ingest``; ``read`` for reading.
    :param model: default model of ``track``; ``version`` and ``deployment`` likewise.
    :param replica: name of this process in technical metrics; host name and process id by default.
    :param spool: a folder in which records are kept until they are acknowledged. They survive an outage and a crash.
    :param spool_sync: write to the spool before ``track`` returns; else within ``linger`` seconds.
    :param spool_fsync: survive a crash of the machine too.
    :param spool_max_bytes: how much the spool may hold, 1 GiB by default; beyond, records wait in memory.
    :param on_full: what happens when ``queue_size`` records wait: ``drop`` the new one and count it, or ``block``.
    :param queue_size: records in memory at the most, 50,000 by default: some 30 MB of predictions with 20 features.
    :param batch_size: records of one request at the most.
    :param linger: seconds that a record waits for others, 0.05 by default.
    :param timeout: seconds to wait for an answer.
    :param max_backoff: seconds between two attempts at the most.
    :param heartbeat: seconds between two reports of this replica, 10 by default; 0: none.
    :param exit_timeout: seconds that the end of the process may take to send what waits.
    :param ca_file: certificate authorities to trust instead of the system's.
    :param gzip: compress bodies; by default wherever the service is not on the same machine.
    :param disabled: send nothing; every call works.
    :raises ValueError: for a setting that makes no sense.
    """

    def __init__(self, **given: Any) -> None:
        self.settings = settings.load(given)
        self._report = Report()
        self._worker = Worker(self.settings, self._report)
        self._reader = Reader(self.settings, self._report)
        self._watched = False
        self._broken = False
        if not self.settings.disabled:
            lifecycle.watch(self)

    def track(
        self, inputs: Any = None, outputs: Any = None, *, model: Optional[str] = None, version: Optional[str] = None,
        deployment: Optional[str] = None, prediction_id: Optional[str] = None, timestamp: Time = None,
        metrics: Optional[Mapping[str, Any]] = None, tags: Optional[Mapping[str, Any]] = None, latency_ms: Optional[float] = None,
        status: Optional[str] = None, error: Optional[str] = None, request_bytes: Optional[int] = None,
        response_bytes: Optional[int] = None, cpu_ms: Optional[float] = None, memory_bytes: Optional[int] = None,
    ) -> str:  # fmt: skip
        """Track a prediction; returns its UUID at once and raises nothing.

        :param inputs: a mapping of features.
        :param outputs: a scalar or a mapping.
        :param prediction_id: an id of your own: a UUID, or any text, which the service maps to the UUID that is returned.
        :param timestamp: now by default.
        :param status: ``ok`` or ``error``; an ``error`` text alone means the latter.
        """
        try:
            given = new_id() if prediction_id is None else str(prediction_id)
            series = self._series(model, version, deployment)
            if series is None:
                return resolve_id(given)
            if status == "error" and error is None:
                error = ""
            self._put(
                Prediction(
                    series, given, now_ms() if timestamp is None else epoch_ms(timestamp), snapshot(inputs), snapshot(outputs), None,
                    None if metrics is None else dict(metrics), None if tags is None else dict(tags), latency_ms, error, request_bytes,
                    response_bytes, cpu_ms, memory_bytes, timestamp is None,
                )  # fmt: skip
            )
            return resolve_id(given)
        except Exception as fault:
            self._fault(fault)
            return new_id()

    def track_metric(self, key: str, value: Any) -> str:
        """Add a value to the prediction that is being made; returns its UUID, or "" outside of one.

        A number becomes a metric (``custom.<key>``), anything else stands with the outputs.
        """
        recording = current.get()
        return "" if recording is None else recording.track_metric(key, value)

    def track_tag(self, key: str, value: Any) -> str:
        """Add a tag, for segments, to the prediction that is being made; returns its UUID, or "" outside of one."""
        recording = current.get()
        return "" if recording is None else recording.track_tag(key, value)

    def track_ground_truth(self, prediction_id: str, values: Any, *, timestamp: Time = None) -> None:
        """Track what turned out to be true: a mapping, or a scalar. May come before its prediction, and more than once."""
        self._plain(GROUND_TRUTH, timestamp, lambda: {"prediction_id": str(prediction_id), "values": snapshot(values)})

    def track_delayed_metrics(self, metrics: Mapping[str, Any], prediction_uuid: str, *, timestamp: Time = None) -> None:
        """The same under Cloudera's name and in its order."""
        self._plain(DELAYED, timestamp, lambda: {"prediction_id": str(prediction_uuid), "metrics": snapshot(dict(metrics))})

    def track_aggregate_metrics(
        self, metrics: Mapping[str, Any], start: Time, end: Time, *, model: Optional[str] = None, version: Optional[str] = None,
        deployment: Optional[str] = None,
    ) -> None:  # fmt: skip
        """Track numbers over a range of time, computed elsewhere."""

        def document() -> Optional[Dict[str, Any]]:
            series = self._series(model, version, deployment)
            if series is None:
                return None
            names = dict(zip(("model", "version", "deployment"), series))
            given = {name: value for name, value in names.items() if value is not None}
            return {**given, "start": epoch_ms(start), "end": epoch_ms(end), "metrics": snapshot(dict(metrics))}

        self._plain(AGGREGATES, None, document, timed=False)

    def track_ground_truths(self, source: Any, *, strings: Iterable[str] = ()) -> Dict[str, Any]:
        """Send many labels and wait: a DataFrame with a column ``prediction_id`` (every other column is a value), a file
        (CSV, Parquet, NDJSON, by its ending), or an iterable of mappings.

        :param strings: CSV columns that stay text whatever they look like.
        :returns: ``{"accepted", "rejected", "errors"}``; ``index`` of an error counts from 0 over the whole source.
        :raises DriftlineError: where the service cannot be reached or refuses the whole.
        """
        return self._reader.ground_truths(source, strings)

    def read_metrics(
        self, model_deployment_crn: Optional[str] = None, start_timestamp_ms: Optional[int] = None, end_timestamp_ms: Optional[int] = None,
        model_crn: Optional[str] = None, model_build_crn: Optional[str] = None, *, model: Optional[str] = None,
        version: Optional[str] = None, deployment: Optional[str] = None,
    ) -> Dict[str, Any]:  # fmt: skip
        """Predictions with everything tracked for them, then aggregates, in Cloudera's form: ``{"metrics": [...]}``.

        By one CRN, or by a model's name, its version and deployment. What this client still has queued is sent first.
        """
        if model is not None:
            kind = "model" if version is None else "build" if deployment is None else "deployment"
            names = [model] + ([] if version is None else [version]) + ([] if deployment is None or version is None else [deployment])
            crn = "crn:driftline:ml:::workspace:local/" + "@".join([kind, *(quote(name, safe="!~*'()") for name in names)])
            model_crn, model_build_crn, model_deployment_crn = (crn if kind == one else None for one in ("model", "build", "deployment"))
        body = {
            "modelDeploymentCrn": model_deployment_crn, "modelCrn": model_crn, "modelBuildCrn": model_build_crn,
            "startTimestampMs": start_timestamp_ms, "endTimestampMs": end_timestamp_ms,
        }  # fmt: skip
        self.flush(self.settings.timeout)
        return self._reader.read_metrics({key: value for key, value in body.items() if value is not None})

    def predictions(
        self, model: str, *, version: Optional[str] = None, deployment: Optional[str] = None, start: Time = None, end: Time = None,
        segment: Optional[str] = None, labelled: Optional[bool] = None,
    ) -> Rows:  # fmt: skip
        """Predictions with their ground truth, ascending by time: iterate, or ``.to_dataframe()``."""
        filters = {"version": version, "deployment": deployment, "start": start, "end": end, "segment": segment, "labelled": labelled}
        return self._reader.predictions(model, filters)

    def metrics(
        self, model: str, *, metric: Union[str, List[str], None] = None, feature: Union[str, List[str], None] = None,
        version: Optional[str] = None, segment: Optional[str] = None, start: Time = None, end: Time = None, window: Optional[str] = None,
        compare: Optional[str] = None,
    ) -> Rows:  # fmt: skip
        """Computed numbers, oldest first: iterate, or ``.to_dataframe()``."""
        filters = {
            "metric": metric, "feature": feature, "version": version, "segment": segment, "start": start, "end": end, "window": window,
            "compare": compare,
        }  # fmt: skip
        return self._reader.metrics(model, filters)

    def model(
        self, name: str, version: Optional[str] = None, *, deployment: Optional[str] = None, tags: Tags = None,
        prediction_id: Optional[Callable[..., Any]] = None,
    ) -> Callable[[F], F]:  # fmt: skip
        """Decorate a predict function, plain or ``async``: every call is a prediction.

        Its one dict, or else its arguments by their names, are the inputs; what it returns are the outputs; what it raises is
        an error, and raised. ``function.with_id(...)`` returns the result and the UUID.

        :param tags: a mapping, or a function of the call's arguments that returns one.
        :param prediction_id: a function of the call's arguments that returns an id of your own.
        """
        return Decorator(lambda: self, name, version, deployment, tags, prediction_id).wrap

    def prediction(
        self, name: str, version: Optional[str] = None, *, deployment: Optional[str] = None, inputs: Any = None,
        tags: Optional[Mapping[str, Any]] = None, prediction_id: Optional[str] = None,
    ) -> Recording:  # fmt: skip
        """A context manager around a prediction: ``with client.prediction("flights") as p: p.set_outputs(...)``."""
        version = self.settings.version if version is None else version
        deployment = self.settings.deployment if deployment is None else deployment
        recording = Recording(self, (name, version, deployment), snapshot(inputs), None if prediction_id is None else str(prediction_id))
        recording.tags = None if tags is None else dict(tags)
        return recording

    def flush(self, timeout: Optional[float] = None) -> bool:
        """Wait until everything tracked is acknowledged, at most ``timeout`` seconds; whether it is."""
        return self._worker.flush(timeout)

    async def flush_async(self, timeout: Optional[float] = None) -> bool:
        """The same without blocking the event loop."""
        return await asyncio.get_running_loop().run_in_executor(None, self.flush, timeout)

    def close(self, timeout: Optional[float] = None) -> bool:
        """Send what waits, at most ``timeout`` seconds, and end; whether everything was sent.

        Without ``timeout`` it is the end of a process: at most ``exit_timeout`` seconds, and what a spool holds is left to the
        next start where the service does not answer.
        """
        if timeout is None:
            return self._worker.close(self.settings.exit_timeout, or_spooled=True)
        return self._worker.close(timeout, or_spooled=False)

    def stats(self) -> Dict[str, int]:
        """Counters since the start of the process: what was tracked, sent, accepted, rejected, dropped, converted, and what waits."""
        counts = self._report.counts()
        return {**counts, "tracked": self._worker.tracked + counts["dropped"], "queued": self._worker.unsent}

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, record: Any) -> None:
        if self.settings.disabled:
            if self._broken:
                self._report.count("dropped")
            return
        if not self._watched:
            self._watched = True
            lifecycle.watch(self)
        self._worker.put(record)

    def _plain(self, route: str, timestamp: Time, document: Callable[[], Optional[Dict[str, Any]]], timed: bool = True) -> None:
        try:
            made = document()
            if made is None:
                return
            if timed:
                # The time is that of the call, and stays the same when it is sent again.
                made["timestamp"] = now_ms() if timestamp is None else epoch_ms(timestamp)
            self._put(Plain(route, made))
        except Exception as fault:
            self._fault(fault)

    def _series(self, model: Optional[str], version: Optional[str], deployment: Optional[str]) -> Any:
        name = self.settings.model if model is None else model
        if name is None:
            self._report.count("dropped")
            self._report.tell("model", "no model is named: pass model= or set DRIFTLINE_MODEL; such records are dropped")
            return None
        version = self.settings.version if version is None else version
        return name, version, self.settings.deployment if deployment is None else deployment

    def _fault(self, fault: Exception) -> None:
        """A mistake in a tracking call, or a fault of ours: the model goes on."""
        self._report.count("internal_errors")
        self._report.tell("internal", f"a call was not tracked: {type(fault).__name__}: {fault}")

    def _forked(self) -> None:
        self._worker.abandon()
        self._report.reset()
        self._worker = Worker(self.settings, self._report)
        self._watched = False


def default_client(given: Mapping[str, Any]) -> Client:
    """A client from the environment, which never fails: with settings that make no sense it says so and sends nothing."""
    try:
        return Client(**given)
    except (ValueError, TypeError) as error:
        client = Client(disabled=True, url=settings.Settings.url)
        client._broken = True
        client._report.tell("settings", f"{error}; nothing is sent")
        return client
