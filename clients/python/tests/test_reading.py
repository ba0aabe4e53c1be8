"""Calls that wait for an answer, against the real service: labels in bulk, predictions and numbers back, refusals."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pandas
import pytest

import driftline
from service import Service, Sink, free_port

#: 1 January 2026.
START = 1_767_225_600_000
HOUR = 3_600_000


@pytest.fixture()
def tracking(service: Service) -> Iterator[driftline.Client]:
    client = driftline.Client(url=service.url, heartbeat=0, linger=0.01, max_backoff=0.1)
    yield client
    client.close(5)


def tracked(client: driftline.Client, model: str, n: int = 40) -> List[str]:
    ids = [
        client.track({"x": i}, {"score": i / n}, model=model, version=str(i % 2 + 1), timestamp=START + i * 60_000, tags={"half": str(i // (n // 2))})
        for i in range(n)
    ]
    assert client.flush(20)
    return ids


def labels(client: driftline.Client, model: str) -> Dict[str, Any]:
    return {row["prediction_id"]: row["ground_truth"] for row in client.predictions(model, labelled=True)}


def test_a_dataframe_labels_predictions_by_its_column_or_index_and_nan_is_no_label(tracking: driftline.Client) -> None:
    ids = tracked(tracking, "frame")
    frame = pandas.DataFrame({"prediction_id": ids[:3], "late": [True, False, None], "minutes": [31.5, float("nan"), 2]})
    assert tracking.track_ground_truths(frame) == {"accepted": 3, "rejected": 0, "errors": []}
    assert tracking.track_ground_truths(frame.iloc[:1].assign(late=False).set_index("prediction_id"))["accepted"] == 1
    known = labels(tracking, "frame")
    assert known[ids[0]] == {"late": False, "minutes": 31.5}
    assert known[ids[1]] == {"late": False, "minutes": None} and known[ids[2]] == {"late": None, "minutes": 2}


def test_files_label_predictions(tracking: driftline.Client, service: Service, tmp_path: Path) -> None:
    ids = tracked(tracking, "files")
    with open(tmp_path / "labels.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["prediction_id", "late", "code"])
        writer.writerows([ids[0], "true", "007"] for _ in range(1))
    assert tracking.track_ground_truths(tmp_path / "labels.csv", strings=["code"])["accepted"] == 1
    lines = [json.dumps({"prediction_id": one, "values": {"late": False}}) for one in ids[1:4]]
    (tmp_path / "labels.ndjson").write_text("\n".join(lines) + "\n\n")
    assert tracking.track_ground_truths(str(tmp_path / "labels.ndjson"))["accepted"] == 3
    known = labels(tracking, "files")
    assert known == {ids[0]: {"late": True, "code": "007"}, **{one: {"late": False} for one in ids[1:4]}}
    # A Parquet file that the service itself wrote: its columns become values.
    request = urllib.request.Request(f"{service.url}/v1/predictions?model=files&version=1", headers={"Accept": "application/vnd.apache.parquet"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        (tmp_path / "rows.parquet").write_bytes(answer.read())
    assert tracking.track_ground_truths(tmp_path / "rows.parquet")["accepted"] == 20
    with pytest.raises(ValueError, match="expected a file ending in"):
        tracking.track_ground_truths(tmp_path / "labels.xlsx")


def test_a_generator_of_25_000_labels_goes_in_parts_and_errors_count_over_all_of_it(tracking: driftline.Client) -> None:
    ids = tracked(tracking, "many")
    rows = ({"prediction_id": ids[i % 40] if i != 12_345 else "", "late": i % 2 == 0} for i in range(25_000))
    answer = tracking.track_ground_truths(rows)
    assert (answer["accepted"], answer["rejected"]) == (24_999, 1)
    assert [error["index"] for error in answer["errors"]] == [12_345]
    with pytest.raises(ValueError, match="prediction_id"):
        tracking.track_ground_truths([{"late": True}])


def test_predictions_are_read_by_version_time_segment_and_label(tracking: driftline.Client) -> None:
    ids = tracked(tracking, "filters")
    tracking.track_ground_truth(ids[5], True)
    assert tracking.flush(20)
    read = lambda **filters: [row["inputs"]["x"] for row in tracking.predictions("filters", **filters)]  # noqa: E731
    assert read() == list(range(40))
    assert read(version="2") == list(range(1, 40, 2))
    assert read(start=START + 10 * 60_000, end="2026-01-01T00:15:00Z") == list(range(10, 15))
    assert read(segment="tags.half=1") == list(range(20, 40))
    assert read(labelled=True) == [5] and len(read(labelled=False)) == 39
    rows = tracking.predictions("filters", version="1")
    assert len(rows.to_list()) == len(rows.to_list()) == 20
    frame = rows.to_dataframe()
    assert frame["inputs.x"].tolist() == list(range(0, 40, 2)) and frame["tags.half"].tolist() == ["0"] * 10 + ["1"] * 10


def test_numbers_are_read_and_read_metrics_takes_names_as_well(tracking: driftline.Client, service: Service) -> None:
    ids = tracked(tracking, "numbers")
    for i, one in enumerate(ids):
        tracking.track_ground_truth(one, {"late": i >= 20})
    tracking.track_aggregate_metrics({"rmse": 1.5}, START, START + HOUR, model="numbers", version="1")
    assert tracking.flush(20)
    [point] = tracking.metrics("numbers", metric="roc_auc", version="1", window="range", start=START, end=START + HOUR)
    assert point["value"] == 1 and point["n"] == 20
    points = tracking.metrics("numbers", metric=["aggregate.rmse"]).to_list()
    assert [(one["metric"], one["value"]) for one in points] == [("aggregate.rmse", 1.5)]
    assert len(tracking.read_metrics(model="numbers")["metrics"]) == 41
    assert len(tracking.read_metrics(model="numbers", version="2")["metrics"]) == 20
    assert len(tracking.read_metrics(model="numbers", version="2", deployment="")["metrics"]) == 20
    last = tracking.read_metrics(model="numbers", start_timestamp_ms=START + 39 * 60_000, end_timestamp_ms=START + 39 * 60_000)
    assert [row["metrics"] for row in last["metrics"]] == [{"input_data": {"x": 39}, "score": 39 / 40, "late": True}]


def test_refusals_are_errors_that_say_what_to_do(tracking: driftline.Client) -> None:
    with pytest.raises(driftline.DriftlineError, match='There is no model "nobody"') as refused:
        list(tracking.predictions("nobody"))
    assert (refused.value.status, refused.value.code) == (404, "not_found")
    with pytest.raises(driftline.DriftlineError) as refused:
        tracking.metrics("nobody", metric="psi").to_list()
    assert refused.value.status == 404
    with pytest.raises(driftline.DriftlineError) as refused:
        tracking.read_metrics()
    assert refused.value.status == 400
    away = driftline.Client(url=f"http://127.0.0.1:{free_port()}", heartbeat=0, max_backoff=0.01)
    with pytest.raises(driftline.DriftlineError, match="cannot be reached"):
        away.track_ground_truths([{"prediction_id": "a", "late": True}])


def test_the_key_goes_with_every_call(sink: Sink) -> None:
    client = driftline.Client(url=sink.url, api_key="dl_secret", heartbeat=0)
    client.track(model="m")
    client.track_ground_truths([{"prediction_id": "a", "late": True}])
    assert client.close(10)
    assert [headers["Authorization"] for _, _, headers in sink.requests] == ["Bearer dl_secret"] * 2


def test_without_pandas_rows_are_iterated_over_and_a_dataframe_says_what_is_missing(service: Service) -> None:
    code = f"""
import sys
sys.modules["pandas"] = None
import driftline
c = driftline.configure(url={service.url!r}, heartbeat=0)
c.track({{"x": 1}}, model="plain")
c.flush(10)
print(len(list(c.predictions("plain"))))
try:
    c.predictions("plain").to_dataframe()
except ImportError as error:
    print("pip install pandas" in str(error))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["1", "True"], "")
