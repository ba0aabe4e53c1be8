"""What model code sees: decorators, the context manager, and that nothing a model does or a value is can break a call."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import enum
import logging
import threading
from typing import Any, Dict, List

import numpy
import pandas
import pytest

import driftline
from driftline.convert import MAX_ELEMENTS, encode, snapshot, to_bytes, to_json


def test_a_decorated_function_returns_what_it_returned_and_its_call_is_a_prediction(client: Any, sink: Any) -> None:
    tracking = client(replica="pod-1")

    @tracking.model("flights", "2", deployment="eu", tags={"region": "EU"})
    def predict(args: Dict[str, Any]) -> Dict[str, Any]:
        """Says whether a flight is late."""
        return {"late": args["distance"] > 1000}

    assert predict({"distance": 1200}) == {"late": True}
    assert predict.__doc__ == "Says whether a flight is late." and predict.__name__ == "predict"
    assert tracking.flush(10)
    [item] = sink.items()
    assert {key: item[key] for key in ("model", "version", "deployment", "inputs", "outputs", "tags", "replica")} == {
        "model": "flights", "version": "2", "deployment": "eu", "inputs": {"distance": 1200}, "outputs": {"late": True},
        "tags": {"region": "EU"}, "replica": "pod-1",
    }  # fmt: skip
    assert item["latency_ms"] >= 0 and item["cpu_ms"] >= 0 and item["memory_bytes"] > 1_000_000
    assert (item["request_bytes"], item["response_bytes"]) == (17, 13)


def test_with_id_gives_the_uuid_under_which_the_prediction_is_sent(client: Any, sink: Any) -> None:
    tracking = client()

    @tracking.model("m")
    def predict(x: float) -> float:
        return x * 2

    result, uuid = predict.with_id(4)
    assert tracking.flush(10)
    assert result == 8 and [item["prediction_id"] for item in sink.items()] == [uuid]


def test_arguments_become_inputs_by_their_names_and_an_instance_is_none(client: Any, sink: Any) -> None:
    tracking = client()

    class Model:
        @tracking.model("m")
        def predict(self, age: int, *rest: Any, income: float = 0) -> int:
            return age

    Model().predict(30, "a", "b", income=2.5)
    assert tracking.flush(10)
    assert sink.items()[0]["inputs"] == {"age": 30, "args": ["a", "b"], "income": 2.5}


def test_inputs_are_those_at_the_time_of_the_call_whatever_happens_to_them_later(client: Any, sink: Any) -> None:
    tracking = client(linger=0.2)
    shared = {"a": 1, "nested": {"list": [1, 2]}, "array": numpy.array([1.0, 2.0])}
    returned: Dict[str, Any] = {"score": 1}

    @tracking.model("m")
    def predict(args: Dict[str, Any]) -> Dict[str, Any]:
        args["a"] = 99
        args["nested"]["list"].append(3)
        args["array"][0] = -1.0
        return returned

    predict(shared)
    returned["score"] = 2
    assert tracking.flush(10)
    [item] = sink.items()
    assert item["inputs"] == {"a": 1, "nested": {"list": [1, 2]}, "array": [1.0, 2.0]}
    assert item["outputs"] == {"score": 1}


def test_what_a_model_raises_is_raised_and_tracked_as_an_error(client: Any, sink: Any) -> None:
    tracking = client()

    @tracking.model("m")
    def predict(args: Dict[str, Any]) -> None:
        raise KeyError("age")

    with pytest.raises(KeyError):
        predict({"x": 1})
    assert tracking.flush(10)
    [item] = sink.items()
    assert (item["status"], item["error"], item["inputs"]) == ("error", "KeyError: 'age'", {"x": 1})
    assert "outputs" not in item


def test_coroutines_are_tracked_each_with_its_own_metrics(client: Any, sink: Any) -> None:
    tracking = client()

    @tracking.model("m")
    async def predict(args: Dict[str, Any]) -> int:
        tracking.track_metric("before", args["n"])
        await asyncio.sleep(0.01)
        tracking.track_metric("after", args["n"])
        return int(args["n"])

    async def main() -> List[int]:
        results = await asyncio.gather(*(predict({"n": n}) for n in range(50)))
        assert await tracking.flush_async(10)
        return list(results)

    assert asyncio.run(main()) == list(range(50))
    for item in sink.items():
        n = item["inputs"]["n"]
        assert (item["outputs"], item["metrics"]) == (n, {"before": n, "after": n})
        assert item["latency_ms"] >= 9 and "cpu_ms" not in item
    assert len(sink.items()) == 50


def test_a_cancelled_coroutine_is_an_error_and_stays_cancelled(client: Any, sink: Any) -> None:
    tracking = client()

    @tracking.model("m")
    async def predict(args: Dict[str, Any]) -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(predict({}), 0.05)

    asyncio.run(main())
    assert tracking.flush(10)
    assert sink.items()[0]["status"] == "error"


def test_threads_do_not_see_one_anothers_predictions(client: Any, sink: Any) -> None:
    tracking = client()

    @tracking.model("m")
    def predict(args: Dict[str, Any]) -> int:
        tracking.track_metric("n", args["n"])
        return int(args["n"])

    def work(base: int) -> None:
        for i in range(200):
            predict({"n": base + i})

    threads = [threading.Thread(target=work, args=(1000 * k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tracking.flush(20)
    items = sink.items()
    assert len(items) == 1600 and len({item["prediction_id"] for item in items}) == 1600
    assert all(item["inputs"]["n"] == item["outputs"] == item["metrics"]["n"] for item in items)


def test_the_context_manager_tracks_what_it_is_told(client: Any, sink: Any) -> None:
    tracking = client(model="unused")
    with tracking.prediction("m", "1", inputs={"x": 1}, prediction_id="order-1", tags={"a": "b"}) as prediction:
        prediction.track_metric("margin", 0.5)
        tracking.track_tag("tier", "gold")
        prediction.set_outputs({"y": 2})
    with pytest.raises(ValueError):
        with tracking.prediction("m"):
            raise ValueError("no")
    assert tracking.flush(10)
    first, second = sink.items()
    assert first["prediction_id"] == "order-1" and prediction.id == driftline.resolve_id("order-1")
    assert (first["outputs"], first["metrics"], first["tags"]) == ({"y": 2}, {"margin": 0.5}, {"a": "b", "tier": "gold"})
    assert second["error"] == "ValueError: no"


def test_track_metric_outside_of_a_prediction_does_nothing(client: Any) -> None:
    assert client().track_metric("a", 1) == "" and driftline.track_metric("a", 1) == ""


def test_a_prediction_within_a_prediction_has_its_own_metrics(client: Any, sink: Any) -> None:
    tracking = client()

    @tracking.model("inner")
    def inner(x: int) -> int:
        tracking.track_metric("where", 2)
        return x

    @tracking.model("outer")
    def outer(x: int) -> int:
        tracking.track_metric("where", 1)
        inner(x)
        tracking.track_metric("again", 1)
        return x

    outer(1)
    assert tracking.flush(10)
    assert {item["model"]: item["metrics"] for item in sink.items()} == {"inner": {"where": 2}, "outer": {"where": 1, "again": 1}}


def test_ids_and_tags_may_come_from_the_arguments_and_their_failure_is_not_the_models(client: Any, sink: Any) -> None:
    tracking = client()

    @tracking.model("m", prediction_id=lambda args: args["order"], tags=lambda args: {"region": args["region"]})
    def predict(args: Dict[str, Any]) -> int:
        return 1

    assert predict({"order": 7, "region": "EU"}) == 1
    assert predict({}) == 1
    assert tracking.flush(10)
    first, second = sink.items()
    assert (first["prediction_id"], first["tags"]) == ("7", {"region": "EU"})
    assert "tags" not in second and len(second["prediction_id"]) == 36
    assert tracking.stats()["internal_errors"] == 2


class Odd:
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Kind(enum.Enum):
    A = "a"


@dataclasses.dataclass
class Point:
    x: int
    y: float


def odd_values() -> Dict[str, Any]:
    cycle: Dict[str, Any] = {}
    cycle["self"] = cycle
    loop: List[Any] = []
    loop.append(loop)
    nested: Any = 1
    for _ in range(3000):
        nested = [nested]
    return {
        "cycle": cycle, "loop": loop, "nested": nested, "odd": Odd(), "kind": Kind.A, "point": Point(1, 2.5), "lambda": lambda: 1,
        "frame": pandas.DataFrame({"a": [1, 2], "b": ["x", None]}), "series": pandas.Series([1.5, float("nan")]), "nat": pandas.NaT,
        "na": pandas.NA, "stamp": pandas.Timestamp("2026-01-01", tz="UTC"), "huge": numpy.arange(5_000_000, dtype="float64"),
        "matrix": numpy.eye(3), "text": numpy.str_("x"), "big": 2**80, "complex": 1j, "surrogate": {"\ud800": "\udfff"},
        "objects": numpy.array([Odd(), None], dtype=object), "zero": numpy.array(5), "generator": (i for i in range(3)),
        "bytes": bytearray(b"\x00\x01"), "type": int, "lock": threading.Lock(), "range": range(10),
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(odd_values()))
def test_no_value_breaks_a_call_or_what_is_sent_with_it(name: str, client: Any, sink: Any) -> None:
    tracking = client()
    value = odd_values()[name]

    @tracking.model("m")
    def predict(args: Any, other: Any) -> Any:
        tracking.track_metric("value", other)
        return {"value": other}

    predict({"fine": 1}, value)
    tracking.track(model="m", inputs={"x": value}, outputs=value, metrics={"v": value}, tags={"v": value})
    tracking.track_ground_truth("u", {"v": value})
    assert tracking.flush(20)
    assert len(sink.items()) == 2 and len(sink.items("/v1/ground-truth")) == 1
    assert sink.items()[0]["inputs"]["args"] == {"fine": 1}
    assert tracking.stats()["internal_errors"] == 0


def test_known_kinds_of_libraries_keep_their_meaning() -> None:
    values = odd_values()
    noted: List[str] = []
    json = lambda name: to_json(snapshot(values[name]), noted.append)  # noqa: E731
    assert json("kind") == "a" and json("point") == {"x": 1, "y": 2.5} and json("na") is None
    assert json("frame") == [{"a": 1, "b": "x"}, {"a": 2, "b": None}] and json("series") == [1.5, None]
    assert json("stamp") == "2026-01-01T00:00:00.000Z" and json("matrix")[1] == [0.0, 1.0, 0.0]
    assert json("huge") == {"length": 5_000_000, "min": 0.0, "max": 4_999_999.0, "mean": 2_499_999.5}
    assert json("big") == str(2**80) and json("zero") == 5


def test_random_nested_values_always_become_json_that_reads_back() -> None:
    rng = numpy.random.default_rng(7)
    leaves = [None, True, 1, -(2**60), 0.1, float("nan"), float("inf"), "x", "\ud83d", "é", b"\xff", numpy.float32(1.5), numpy.int8(3)]

    def value(depth: int) -> Any:
        kind = rng.integers(0, 4 if depth < 6 else 1)
        if kind == 1:
            return {f"k{i}": value(depth + 1) for i in range(rng.integers(0, 4))}
        if kind == 2:
            return [value(depth + 1) for _ in range(rng.integers(0, 4))]
        if kind == 3:
            return tuple(value(depth + 1) for _ in range(rng.integers(0, 3)))
        return leaves[rng.integers(0, len(leaves))]

    import json

    for _ in range(2000):
        given = value(0)
        made = to_json(snapshot(given), lambda _: None)
        assert json.loads(to_bytes(encode(made))) == json.loads(to_bytes(encode(to_json(made, lambda _: None))))


def test_a_mistake_in_a_tracking_call_is_told_once_and_raises_nothing(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    tracking = client()
    with caplog.at_level(logging.WARNING, "driftline"):
        for _ in range(3):
            tracking.track(model="m", timestamp="yesterday")
            tracking.track({"x": 1})
            tracking.track_aggregate_metrics({"a": 1}, "now", "then", model="m")
    assert len(caplog.records) == 2
    assert tracking.stats()["internal_errors"] == 6


def test_each_kind_of_lost_value_is_told_once_and_counted(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    tracking = client()
    with caplog.at_level(logging.WARNING, "driftline"):
        for _ in range(5):
            tracking.track(model="m", inputs={"a": float("nan"), "b": [0] * (MAX_ELEMENTS + 1), "c": object()})
        assert tracking.flush(10)
    assert len(caplog.records) == 3
    assert {tracking.stats()[name] for name in ("nonfinite", "summarized", "stringified")} == {5}


def test_a_disabled_client_works_and_sends_nothing(sink: Any) -> None:
    tracking = driftline.Client(url=sink.url, disabled=True)
    predict = tracking.model("m")(lambda x: x)
    assert predict(3) == 3 and len(tracking.track(model="m")) == 36
    assert tracking.flush(1) and tracking.close() and sink.requests == []


def test_the_current_prediction_follows_a_copied_context(client: Any, sink: Any) -> None:
    tracking = client()

    @tracking.model("m")
    def predict(x: int) -> int:
        context = contextvars.copy_context()
        thread = threading.Thread(target=lambda: context.run(tracking.track_metric, "from_thread", 1))
        thread.start()
        thread.join()
        return x

    predict(1)
    assert tracking.flush(10)
    assert sink.items()[0]["metrics"] == {"from_thread": 1}
