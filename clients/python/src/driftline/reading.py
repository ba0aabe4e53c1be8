"""What the service knows, read back: predictions, computed numbers, Cloudera's form of both, and ground truth sent in bulk."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterable as AnyIterable
from collections.abc import Mapping as AnyMapping
from typing import IO, Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple, Union
from urllib.parse import quote, urlencode

from .convert import encode, epoch_ms, to_bytes, to_json
from .encoder import GROUND_TRUTH
from .errors import DriftlineError
from .report import Report
from .settings import Settings
from .transport import NDJSON, Answer, Connection, Unreachable, chunks, refuse

CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
_FILES = {".csv": CSV, ".parquet": PARQUET, ".ndjson": NDJSON, ".jsonl": NDJSON}
#: Records of one request.
_CHUNK = 10_000
_ATTEMPTS = 5


class Rows(AnyIterable):  # type: ignore[type-arg]
    """Rows that are read as they are iterated over; each iteration asks anew."""

    def __init__(self, read: Callable[[], Iterator[Dict[str, Any]]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        return self._read()

    def to_list(self) -> List[Dict[str, Any]]:
        """All rows."""
        return list(self)

    def to_dataframe(self) -> Any:
        """All rows as a ``pandas.DataFrame``; nested objects become columns with dotted names.

        :raises ImportError: without pandas.
        """
        try:
            import pandas  # type: ignore[import-untyped,unused-ignore]
        except ImportError as error:
            raise ImportError("to_dataframe() needs pandas: pip install pandas; or iterate over the rows") from error
        return pandas.DataFrame([dict(_flat(row)) for row in self])


def _flat(row: Mapping[str, Any], prefix: str = "") -> Iterator[Tuple[str, Any]]:
    for key, value in row.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", None if value == {} else value


class Reader:
    """Calls that wait for an answer and raise ``DriftlineError``. Each has a connection of its own."""

    def __init__(self, settings: Settings, report: Report) -> None:
        self._settings = settings
        self._report = report

    def predictions(self, model: str, filters: Mapping[str, Any]) -> Rows:
        query = urlencode({"model": model, **_given(filters)})
        return Rows(lambda: self._lines(f"/v1/predictions?{query}"))

    def metrics(self, model: str, filters: Mapping[str, Any]) -> Rows:
        query = urlencode(_given(filters), doseq=True)
        path = f"/v1/models/{quote(model, safe='')}/metrics?{query}"
        return Rows(lambda: iter(self._get(path)))

    def read_metrics(self, body: Mapping[str, Any]) -> Dict[str, Any]:
        answer = self._ask("POST", "/read-metrics", encode(dict(body)).encode(), {"Content-Type": "application/json"})
        document: Dict[str, Any] = answer.json()
        return document

    def ground_truths(self, source: Any, strings: Iterable[str]) -> Dict[str, Any]:
        """See ``Client.track_ground_truths``."""
        if isinstance(source, (str, os.PathLike)):
            kind = _FILES.get(os.path.splitext(os.fspath(source))[1].lower())
            if kind is None:
                raise ValueError(f"{source}: expected a file ending in {', '.join(_FILES)}")
            if kind == NDJSON:
                with open(source, "rb") as file:
                    return self._send_lines(line.strip() for line in file)
            return self._upload(os.fspath(source), kind, strings)
        return self._send_lines(to_bytes(encode(record)) for record in self._records(source))

    def _records(self, source: Any) -> Iterator[Dict[str, Any]]:
        if hasattr(source, "to_dict") and hasattr(source, "columns"):
            if "prediction_id" not in source.columns:
                source = source.reset_index()
            if "prediction_id" not in source.columns:
                raise ValueError("the DataFrame has no column prediction_id")
            for start in range(0, len(source), _CHUNK):
                for row in source.iloc[start : start + _CHUNK].to_dict("records"):
                    yield self._record(row)
            return
        for row in source:
            if not isinstance(row, AnyMapping) or "prediction_id" not in row:
                raise ValueError(f"expected mappings with a prediction_id, not {type(row).__name__}")
            yield self._record(row)

    def _record(self, row: Mapping[str, Any]) -> Dict[str, Any]:
        record: Dict[str, Any] = {"prediction_id": str(row["prediction_id"])}
        if "timestamp" in row and "values" in row:
            record["timestamp"] = epoch_ms(row["timestamp"])
        values = row["values"] if "values" in row else {key: value for key, value in row.items() if key != "prediction_id"}
        record["values"] = to_json(values, self._report.note)
        return record

    def _send_lines(self, lines: Iterable[bytes]) -> Dict[str, Any]:
        total: Dict[str, Any] = {"accepted": 0, "rejected": 0, "errors": []}
        chunk: List[bytes] = []
        first = 0

        def send() -> None:
            nonlocal first
            answer = self._repeat(lambda connection: connection.post(GROUND_TRUTH, b"\n".join(chunk) + b"\n", NDJSON))
            _add(total, answer, len(chunk), first)
            first += len(chunk)
            chunk.clear()

        for line in lines:
            if line:
                chunk.append(line)
            if len(chunk) == _CHUNK:
                send()
        if chunk:
            send()
        return total

    def _upload(self, path: str, kind: str, strings: Iterable[str]) -> Dict[str, Any]:
        names = ",".join(strings)
        route = f"{GROUND_TRUTH}?{urlencode({'strings': names})}" if names else GROUND_TRUTH

        def send(connection: Connection) -> Answer:
            with open(path, "rb") as file:
                headers = {"Content-Type": kind, "Content-Length": str(os.path.getsize(path))}
                return connection.call("POST", route, _body(file), headers)

        total: Dict[str, Any] = {"accepted": 0, "rejected": 0, "errors": []}
        _add(total, self._repeat(send), 0, 0)
        return total

    def _lines(self, path: str) -> Iterator[Dict[str, Any]]:
        connection = Connection(self._settings)
        try:
            response = connection.stream(path, NDJSON)
            if response.status != 200:
                raise refuse(Answer(response.status, {}, response.read()))
            rest = b""
            for data in chunks(response):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    if line:
                        yield json.loads(line)
            if rest:
                yield json.loads(rest)
        except Unreachable as error:
            raise DriftlineError(str(error)) from error
        finally:
            connection.close()

    def _get(self, path: str) -> List[Dict[str, Any]]:
        rows: List[Dict[str, Any]] = self._ask("GET", path, None, {"Accept": "application/json"}).json()
        return rows

    def _ask(self, method: str, path: str, body: Optional[bytes], headers: Dict[str, str]) -> Answer:
        answer = self._repeat(lambda connection: connection.call(method, path, body, dict(headers)))
        if answer.status != 200:
            raise refuse(answer)
        return answer

    def _repeat(self, call: Callable[[Connection], Answer]) -> Answer:
        """Call until there is an answer that is not about load; each of these calls may be made twice without harm."""
        connection = Connection(self._settings)
        try:
            for attempt in range(_ATTEMPTS):
                last = attempt == _ATTEMPTS - 1
                try:
                    answer = call(connection)
                except Unreachable as error:
                    if last or error.kind == "certificate":
                        raise DriftlineError(str(error)) from error
                else:
                    if last or (answer.status != 429 and answer.status < 500):
                        return answer
                time.sleep(min(0.2 * 2**attempt, self._settings.max_backoff) * random.uniform(0.5, 1.0))
            raise AssertionError("unreachable")
        finally:
            connection.close()


def _body(file: IO[bytes]) -> IO[bytes]:
    return file


def _add(total: Dict[str, Any], answer: Answer, sent: int, first: int) -> None:
    """Add an answer's counts. :raises DriftlineError: where it is a refusal of the whole."""
    document = answer.json()
    if not isinstance(document, dict) or not isinstance(document.get("accepted"), int):
        raise refuse(answer)
    total["accepted"] += document["accepted"]
    total["rejected"] += document.get("rejected", 0)
    errors = [{**error, "index": error.get("index", 0) + first} for error in document.get("errors", [])]
    total["errors"].extend(errors)


def _given(filters: Mapping[str, Any]) -> Dict[str, Any]:
    """Filters as query parameters: times as epoch ms, flags in words, lists as they are."""
    query: Dict[str, Union[str, int, List[str]]] = {}
    for name, value in filters.items():
        if value is None:
            continue
        if name in ("start", "end"):
            query["from" if name == "start" else "to"] = epoch_ms(value)
        elif isinstance(value, bool):
            query[name] = "true" if value else "false"
        elif isinstance(value, (list, tuple)):
            query[name] = [str(one) for one in value]
        else:
            query[name] = str(value)
    return query
