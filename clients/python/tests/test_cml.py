"""Cloudera's functions: its signatures, the reply of a model, ``dev=True``, and its public example replayed against the service."""

from __future__ import annotations

import inspect
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pandas as pd
import pytest

import driftline
import driftline.cml.metrics_v1 as metrics
import driftline.cml.models_v1 as models
from driftline.cml._state import dev_store
from service import VECTORS, Service, Sink

CRN = "crn:cdp:ml:us-west-1:c8dbde4b:workspace:8f2b/"


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    dev_store.clear()
    yield
    dev_store.clear()


def test_the_signatures_are_clouderas() -> None:
    names = lambda function: list(inspect.signature(function).parameters)  # noqa: E731
    assert names(metrics.track_metric) == ["key", "value"]
    assert names(metrics.track_delayed_metrics) == ["metrics", "prediction_uuid", "dev"]
    assert names(metrics.track_aggregate_metrics) == ["metrics", "start_timestamp_ms", "end_timestamp_ms", "model_deployment_crn", "dev"]
    assert names(metrics.read_metrics) == ["model_deployment_crn", "start_timestamp_ms", "end_timestamp_ms", "model_crn", "model_build_crn", "dev"]
    assert names(models.call_model)[:3] == ["model_access_key", "ipt", "api_key"]
    for function in (metrics.track_delayed_metrics, metrics.track_aggregate_metrics, metrics.read_metrics):
        assert inspect.signature(function).parameters["dev"].default is False


class TestInASession:
    """No deployment is known: everything stays in this process."""

    def test_a_model_answers_in_clouderas_shape_and_its_metrics_are_read_back(self) -> None:
        @models.cml_model(metrics=True)
        def predict(args: Dict[str, Any]) -> Dict[str, Any]:
            metrics.track_metric("input", args)
            metrics.track_metric("twice", 1)
            metrics.track_metric("twice", 2)
            return {"probability": 0.5}

        before = int(time.time() * 1000)
        answer = predict({"petal_length": 1.4})
        assert sorted(answer) == ["model_deployment_crn", "prediction", "uuid"] and answer["prediction"] == {"probability": 0.5}
        metrics.track_delayed_metrics({"actual_result": 1}, answer["uuid"], dev=True)
        metrics.track_aggregate_metrics({"mean_absolute_error": 0.5}, before, before, dev=True)
        first, second = metrics.read_metrics(dev=True)["metrics"]
        assert first["metrics"] == {"input": {"petal_length": 1.4}, "twice": 2, "actual_result": 1}
        assert first["predictionUuid"] == answer["uuid"] and first["modelDeploymentCrn"] == answer["model_deployment_crn"]
        assert first["startTimeStampMs"] >= before and first["endTimeStampMs"] >= first["startTimeStampMs"]
        assert (second["predictionUuid"], second["metrics"]) == ("", {"mean_absolute_error": 0.5})
        assert {"modelDeploymentCrn", "modelBuildCrn", "modelCrn"} < set(first)

    def test_the_rules_of_reading_hold_in_memory_too(self) -> None:
        metrics.track_delayed_metrics({"label": True}, "u-2", dev=True)
        dev_store.track("u-2", 1200, 1420, {"p": 0.8})
        dev_store.track("u-1", 1000, 1108, {"p": 0.3})
        metrics.track_aggregate_metrics({"accuracy": 1}, 1000, 1500, dev=True)
        metrics.track_delayed_metrics({"sold": "2026-01-01"}, "u-2", dev=True)
        rows = metrics.read_metrics(None, 1000, 1200, dev=True)["metrics"]
        assert [row["predictionUuid"] for row in rows] == ["u-1", "u-2", ""]
        assert rows[1]["metrics"] == {"p": 0.8, "label": True, "sold": "2026-01-01"}
        assert [row["predictionUuid"] for row in metrics.read_metrics(None, 0, 1100, dev=True)["metrics"]] == ["u-1", ""]

    def test_nothing_reaches_a_service(self, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DRIFTLINE_URL", sink.url)
        models.cml_model(metrics=True)(lambda args: 1)({})
        metrics.track_delayed_metrics({"a": 1}, "u", dev=True)
        assert driftline.flush(1) and sink.requests == []

    def test_an_error_of_the_model_is_raised_and_leaves_no_row(self) -> None:
        with pytest.raises(ZeroDivisionError):
            models.cml_model(metrics=True)(lambda args: 1 / 0)({})
        assert metrics.read_metrics(dev=True) == {"metrics": []}

    def test_without_metrics_a_model_answers_what_it_returned(self) -> None:
        assert models.cml_model(lambda args: args["x"])({"x": 1}) == 1
        assert models.cml_model(metrics=False)(lambda args: args["x"])({"x": 2}) == 2

    def test_track_metric_outside_of_a_model_does_nothing(self) -> None:
        assert metrics.track_metric("a", 1) is None and metrics.read_metrics(dev=True) == {"metrics": []}

    def test_an_aggregate_needs_a_deployment_and_a_range_that_runs_forward(self) -> None:
        with pytest.raises(ValueError, match="model_deployment_crn"):
            metrics.track_aggregate_metrics({"a": 1}, 0, 1)
        with pytest.raises(ValueError, match="must not be after"):
            metrics.track_aggregate_metrics({"a": 1}, 2, 1, CRN + "x")


def test_the_wire_format_is_clouderas(sink: Sink) -> None:
    driftline.configure(url=sink.url, model_deployment_crn=CRN + "dep", replica="pod-1", heartbeat=0, linger=0.01)

    @models.cml_model(metrics=True)
    def predict(args: Dict[str, Any]) -> float:
        metrics.track_metric("input_data", args)
        metrics.track_metric("nan", float("nan"))
        return 0.5

    answer = predict({"tenure": 8})
    with pytest.raises(KeyError):
        models.cml_model(metrics=True)(lambda args: args["x"])({})
    metrics.track_delayed_metrics({"final_label": True}, answer["uuid"])
    metrics.track_aggregate_metrics({"accuracy": 1}, 10, 20)
    assert driftline.flush(10)
    known = {call["path"]: set(call["body"]) for call in json.loads((VECTORS / "cloudera.json").read_text())["calls"]}
    first, failed = sink.items("/track-metrics")
    assert known["/track-metrics"] < set(first)
    assert (first["modelDeploymentCrn"], first["predictionUuid"]) == (CRN + "dep", answer["uuid"])
    assert first["metrics"] == {"input_data": {"tenure": 8}, "nan": None}
    assert first["endTimestampMs"] >= first["startTimestampMs"] and (failed["status"], failed["error"]) == ("error", "KeyError: 'x'")
    assert sink.items("/track-delayed-metrics") == [{"predictionUuid": answer["uuid"], "metrics": {"final_label": True}}]
    aggregate = {"modelDeploymentCrn": CRN + "dep", "startTimestampMs": 10, "endTimestampMs": 20, "metrics": {"accuracy": 1}}
    assert sink.items("/track-aggregate-metrics") == [aggregate]


class ModelService:
    """Cloudera's model service: access key and request in, `{"success", "response"}` out; one request at a time, else 429."""

    def __init__(self, predict: Any, key: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                good = self.path == "/model" and body["accessKey"] == key
                answer = {"success": True, "response": predict(body["request"])} if good else {"success": False}
                data = json.dumps(answer).encode()
                self.send_response(200 if good else 403)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def test_clouderas_public_example_runs_after_changing_the_import(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The churn prototype: 1,000 calls of the model, their labels, an accuracy for each hundred, and the analysis of what is read."""
    deployment = CRN + "churn"
    monkeypatch.setenv("DRIFTLINE_URL", service.url)
    monkeypatch.setenv("DRIFTLINE_MODEL_DEPLOYMENT_CRN", deployment)

    @models.cml_model(metrics=True)
    def explain(args: Dict[str, Any]) -> Dict[str, Any]:
        probability = min(0.99, 1 / (1 + args["tenure"] / 20))
        metrics.track_metric("input_data", args)
        metrics.track_metric("probability", probability)
        explanation = {"tenure": -args["tenure"] / 100, ("Contract" if args["tenure"] % 2 else "gender"): 0.1}
        metrics.track_metric("explanation", explanation)
        return {"data": args, "probability": probability, "explanation": explanation}

    model_service = ModelService(explain, "access")
    monkeypatch.setenv("DRIFTLINE_MODEL_SERVICE", model_service.url)
    start = int(round(time.time() * 1000))
    responses: List[Dict[str, Any]] = []
    correct = 0
    window = start
    try:
        for i in range(1000):
            record = {"gender": "Female", "tenure": i % 60, "Contract": "Month-to-month"}
            response = models.call_model("access", record)
            responses.append({"uuid": response["response"]["uuid"], "final_label": i % 60 < 20})
            correct += (response["response"]["prediction"]["probability"] > 0.5) == (i % 60 < 20)
            if i % 100 == 99:
                now = int(round(time.time() * 1000))
                metrics.track_aggregate_metrics({"accuracy": correct / 100}, window, now, model_deployment_crn=deployment)
                window, correct = now, 0
        with pytest.raises(driftline.DriftlineError):
            models.call_model("wrong", {})
        with pytest.raises(ValueError):
            models.call_model("access", "text")  # type: ignore[arg-type]
    finally:
        model_service.close()
    for one in responses:
        metrics.track_delayed_metrics({"final_label": one["final_label"]}, one["uuid"])

    read = metrics.read_metrics(model_deployment_crn=deployment, start_timestamp_ms=start, end_timestamp_ms=int(time.time() * 1000))
    frame = pd.json_normalize(read["metrics"])
    assert len(frame) == 1010
    assert (frame["predictionUuid"] == "").tolist() == [False] * 1000 + [True] * 10
    assert set(frame.loc[:999, "predictionUuid"]) == {one["uuid"] for one in responses}
    assert frame.loc[:999, "startTimeStampMs"].is_monotonic_increasing
    labels = frame.set_index("predictionUuid")["metrics.final_label"]
    assert all(labels[one["uuid"]] == one["final_label"] for one in responses)
    accuracy = frame.dropna(subset=["metrics.accuracy"]).sort_values("startTimeStampMs")
    assert len(accuracy) == 10 and accuracy["metrics.accuracy"].between(0.9, 1).all()
    assert sorted(frame["metrics.input_data.tenure"].dropna()) == sorted(float(i % 60) for i in range(1000))
    assert {"metrics.probability", "metrics.explanation.tenure", "metrics.explanation.Contract"} < set(frame.columns)
    assert metrics.read_metrics(deployment, 0, start - 1) == {"metrics": []}
    # Found by any of its CRNs, and by position.
    row = read["metrics"][0]
    assert len(metrics.read_metrics(model_crn=row["modelCrn"])["metrics"]) == 1010
    assert len(metrics.read_metrics(model_build_crn=row["modelBuildCrn"])["metrics"]) == 1010
    by_time = metrics.read_metrics(deployment, row["startTimeStampMs"], row["startTimeStampMs"])["metrics"]
    assert row["predictionUuid"] in [one["predictionUuid"] for one in by_time]
    # And it is an ordinary model: its quality can be computed.
    assert service.get("/v1/models/churn")["predictions"] == 1000


def test_a_model_named_in_the_environment_needs_no_crn(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"URL": service.url, "MODEL": "iris/1", "VERSION": "v 2"}.items():
        monkeypatch.setenv(f"DRIFTLINE_{name}", value)

    @models.cml_model(metrics=True)
    def predict(args: Dict[str, Any]) -> int:
        metrics.track_metric("input", args["petal_length"])
        metrics.track_metric("predict_result", 1)
        return 1

    answer = predict({"petal_length": 1.4})
    metrics.track_delayed_metrics({"actual_result": 1}, answer["uuid"])
    metrics.track_aggregate_metrics({"mean_absolute_error": 0.5}, 1_700_000_000_000, 1_700_000_000_000)
    rows = metrics.read_metrics()["metrics"]
    assert [row["metrics"] for row in rows] == [
        {"input": 1.4, "predict_result": 1, "actual_result": 1},
        {"mean_absolute_error": 0.5},
    ]
    [kept] = list(driftline.predictions("iris/1", version="v 2"))
    assert (kept["prediction_id"], kept["inputs"], kept["outputs"]) == (answer["uuid"], {"input": 1.4}, {"predict_result": 1})
    assert kept["replica"] is not None and kept["memory_bytes"] > 0
