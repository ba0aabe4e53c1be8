"""The vectors that both clients share: ids, values, bodies, names."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import inspect
import json
import math
import re
import uuid
from typing import Any, Dict, List

import numpy
import pytest

import driftline
from driftline import convert, settings
from driftline.encoder import Encoder, Prediction
from driftline.ids import NAMESPACE, new_id, resolve_id
from driftline.report import Report
from service import VECTORS


def load(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text("utf-8"))


def cases(name: str) -> List[Any]:
    return [pytest.param(case, id=case["name"]) for case in load(name)["cases"] if case.get("only", "python") == "python"]


def deep(levels: int, inner: Any) -> Any:
    for _ in range(levels):
        inner = {"a": inner}
    return inner


def built(value: Any) -> Any:
    """A value of the vectors as Python has it."""
    if isinstance(value, list):
        return [built(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "$" not in value:
        return {key: built(one) for key, one in value.items()}
    given = built(value["value"])
    makers = {
        "nan": lambda: math.nan, "infinity": lambda: math.inf, "-infinity": lambda: -math.inf,
        "decimal": lambda: decimal.Decimal(given), "integer": lambda: int(given), "uuid": lambda: uuid.UUID(given),
        "datetime": lambda: dt.datetime.fromisoformat(given), "naive_datetime": lambda: dt.datetime.fromisoformat(given),
        "date": lambda: dt.date.fromisoformat(given), "seconds": lambda: dt.timedelta(seconds=given),
        "bytes": lambda: base64.b64decode(given), "set": lambda: set(given), "tuple": lambda: tuple(given),
        "map": lambda: {key: one for key, one in given}, "range": lambda: list(range(given)),
        "text_range": lambda: [str(i) for i in range(given)], "nested_range": lambda: [list(range(given)) for _ in range(given)],
        "deep": lambda: deep(given, 1), "deep_cut": lambda: deep(given, None), "lone_surrogate": lambda: "a\ud800b",
        "float64": lambda: numpy.float64(given), "float32": lambda: numpy.float32(given), "int64": lambda: numpy.int64(given),
        "bool_": lambda: numpy.bool_(given), "datetime64": lambda: numpy.datetime64(given), "array": lambda: numpy.array(given),
    }  # fmt: skip
    return makers[value["$"]]()


@pytest.mark.parametrize("case", load("ids")["cases"], ids=lambda case: case["given"])
def test_an_id_has_the_uuid_of_the_service(case: Dict[str, str]) -> None:
    assert str(NAMESPACE) == load("ids")["namespace"]
    assert resolve_id(case["given"]) == case["uuid"]


def test_a_made_id_is_a_uuid_of_version_7_in_the_order_of_time() -> None:
    ids = [new_id() for _ in range(1000)]
    pattern = re.compile(load("ids")["made"]["pattern"])
    assert all(pattern.match(one) for one in ids) and len(set(ids)) == 1000
    assert [one[:13] for one in ids] == sorted(one[:13] for one in ids)
    assert abs(int(ids[0].replace("-", "")[:12], 16) - dt.datetime.now().timestamp() * 1000) < 60_000


@pytest.mark.parametrize("case", cases("values"))
def test_a_value_becomes_the_json_of_the_vector(case: Dict[str, Any]) -> None:
    noted: List[str] = []
    value = built(case["value"])
    taken = convert.snapshot(value)
    made = json.loads(convert.to_bytes(convert.encode(convert.to_json(taken, noted.append))))
    expected = built(case["json"])
    assert made == expected
    assert case.get("loose_numbers") or json.dumps(made, sort_keys=True) == json.dumps(expected, sort_keys=True)
    assert noted == ([case["counted"]] if "counted" in case else [])


@pytest.mark.parametrize("case", cases("predictions"))
def test_a_tracked_prediction_is_the_item_of_the_vector(case: Dict[str, Any], client: Any, sink: Any) -> None:
    tracking = client(deployment=None, replica="pod-1")
    call = {key: built(value) for key, value in case["call"].items()}
    assert tracking.track(**call) == case["id"]
    assert tracking.flush(10)
    assert sink.items() == [case["item"]]
    assert {key: tracking.stats()[key] for key in case.get("counted", {})} == case.get("counted", {})
    path, _, headers = sink.requests[0]
    route = load("predictions")["route"]
    assert (path, headers["Content-Type"]) == (route["path"], route["content_type"])


@pytest.mark.parametrize("case", load("predictions")["tracked_metrics"]["cases"], ids=lambda case: case["name"])
def test_track_metric_puts_numbers_with_the_metrics_and_others_with_the_outputs(case: Any, client: Any, sink: Any) -> None:
    tracking = client()

    @tracking.model("m")
    def predict(args: Any) -> Any:
        for key, value in case["tracked"]:
            assert re.match("[0-9a-f-]{36}", tracking.track_metric(key, value))
        return case["result"]

    assert predict(case["argument"]) == case["result"]
    assert tracking.flush(10)
    [item] = sink.items()
    assert {key: item[key] for key in ("inputs", "outputs", "metrics") if key in item} == case["item"]


@pytest.mark.parametrize("case", cases("ground_truth"))
def test_ground_truth_is_the_item_of_the_vector(case: Any, client: Any, sink: Any) -> None:
    tracking = client()
    getattr(tracking, case["call"])(*[built(one) for one in case["arguments"]], timestamp=case["timestamp"])
    assert tracking.flush(10)
    assert sink.items(case["path"]) == [case["item"]]


@pytest.mark.parametrize("case", cases("aggregates"))
def test_an_aggregate_is_the_item_of_the_vector(case: Any, client: Any, sink: Any) -> None:
    tracking = client()
    tracking.track_aggregate_metrics(**{key: built(value) for key, value in case["call"].items()})
    assert tracking.flush(10)
    assert sink.items("/v1/aggregate-metrics") == [case["item"]]


@pytest.mark.parametrize("case", cases("replica_stats"))
def test_a_heartbeat_is_the_item_of_the_vector(case: Any) -> None:
    encoder = Encoder(Report(), "pod-1")
    for one in case["predictions"]:
        error = "no" if one["status"] == "error" else None
        encoder.line(
            Prediction(("m", "1", ""), new_id(), 0, None, None, None, None, None, one["latency_ms"], error, one["request_bytes"],
                       one["response_bytes"], None, None, True)
        )  # fmt: skip
    start, end = case["interval"]
    [report] = encoder.heartbeats(start, end, case["cpu_ms"], case["memory_bytes"])
    assert report.document == case["item"]
    [next_report] = encoder.heartbeats(start, end, 0, None)
    assert next_report.document["requests"] == 0


def test_the_client_has_the_names_and_parameters_of_the_vectors() -> None:
    surface = load("surface")
    for call in surface["client"]:
        for owner in (driftline.Client, driftline):
            assert callable(getattr(owner, call["python"])), call["python"]
        parameters = list(inspect.signature(getattr(driftline.Client, call["python"])).parameters.values())[1:]
        positional = [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
        keywords = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]
        assert positional == call["parameters"], call["python"]
        assert keywords == call.get("keywords", []), call["python"]


def test_the_settings_and_counters_are_those_of_the_vectors() -> None:
    surface = load("surface")
    assert set(surface["settings"]) <= set(settings.ENVIRONMENT.values())
    assert set(surface["counters"]) <= set(driftline.Client(disabled=True).stats())
