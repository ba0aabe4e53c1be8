"""Delivery: retries with the same ids, refusals, bounds, and one log line for each kind of trouble."""

from __future__ import annotations

import logging
import shutil
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, List

import pytest

import driftline
from service import Sink, free_port, stored, wait_for

FULL = "queue of 5 records is full"


def messages(caplog: pytest.LogCaptureFixture) -> List[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_many_predictions_go_in_few_requests_and_large_bodies_are_compressed(client: Any, sink: Sink) -> None:
    tracking = client(linger=0.1, batch_size=500)
    for n in range(1200):
        tracking.track({"n": n}, n, model="m")
    assert tracking.flush(20)
    assert [item["inputs"]["n"] for item in sink.items()] == list(range(1200))
    assert len(sink.requests) <= 6
    assert all(headers.get("Content-Encoding") == "gzip" for _, items, headers in sink.requests if len(items) > 50)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_service_gets_the_same_ids_and_times_again(status: int, client: Any, sink: Sink) -> None:
    answers = iter([status, status])
    sink.reply = lambda path, lines: (next(answers, 201), {"Retry-After": "1"}, {"accepted": len(lines), "detail": "busy"})
    tracking = client()
    given = tracking.track({"x": 1}, model="m")
    assert tracking.flush(10)
    assert len(sink.requests) == 3 and all(items == sink.requests[0][1] for _, items, _ in sink.requests)
    assert sink.items()[0]["prediction_id"] == given
    assert tracking.stats()["accepted"] == 1 and tracking.stats()["retries"] == 2


def test_an_answer_that_never_came_is_asked_for_again(client: Any, sink: Sink) -> None:
    seen: List[int] = []

    def reply(path: str, lines: List[bytes]) -> Any:
        seen.append(len(lines))
        if len(seen) == 1:
            time.sleep(0.6)
        return stored(path, lines)

    sink.reply = reply
    tracking = client(timeout=0.3)
    tracking.track(model="m")
    assert tracking.flush(10)
    assert len(seen) == 2 and len({item["prediction_id"] for item in sink.items()}) == 1


def test_refused_items_are_counted_told_once_and_not_sent_again(client: Any, sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    errors = [{"index": 0, "code": "invalid_value", "path": "inputs.a", "message": "no"}]

    def reply(path: str, lines: List[bytes]) -> Any:
        return 207, {}, {"accepted": len(lines) - 1, "prediction_ids": [], "rejected": 1, "errors": errors}

    sink.reply = reply
    tracking = client(linger=0.2)
    with caplog.at_level(logging.WARNING, "driftline"):
        for _ in range(3):
            for _ in range(4):
                tracking.track(model="m")
            assert tracking.flush(10)
    stats = tracking.stats()
    assert stats["accepted"] + stats["rejected"] == 12 and stats["rejected"] == len(sink.requests)
    assert len(messages(caplog)) == 1 and "inputs.a: no" in messages(caplog)[0]


@pytest.mark.parametrize(
    ("status", "document", "words"),
    [
        (401, {"detail": "Send a valid key."}, "refuses the key"),
        (403, {"detail": "This key has the scope read."}, "refuses the key"),
        (404, {"detail": "Not found"}, "is not a Driftline service"),
        (301, {}, "is not a Driftline service"),
    ],
)
def test_a_wrong_key_or_address_is_one_line_then_silence_and_a_counter_and_nothing_is_lost(
    status: int, document: Any, words: str, client: Any, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    sink.reply = lambda path, lines: (status, {"Location": "http://elsewhere/"}, document)
    tracking = client(api_key="wrong", max_backoff=0.05)
    with caplog.at_level(logging.WARNING, "driftline"):
        for n in range(20):
            tracking.track({"n": n}, model="m")
        wait_for(lambda: tracking.stats()["failures"] >= 4)
    assert len(messages(caplog)) == 1 and words in messages(caplog)[0]
    sink.requests.clear()
    sink.reply = stored
    assert tracking.flush(10)
    assert sorted(item["inputs"]["n"] for item in sink.items()) == list(range(20))


def test_an_address_that_nobody_answers_is_one_line_and_calls_stay_fast(caplog: pytest.LogCaptureFixture) -> None:
    tracking = driftline.Client(url=f"http://127.0.0.1:{free_port()}", heartbeat=0, max_backoff=0.05, queue_size=100)
    predict = tracking.model("m")(lambda x: x)
    with caplog.at_level(logging.WARNING, "driftline"):
        took = []
        for n in range(2000):
            started = time.perf_counter()
            assert predict(n) == n
            took.append(time.perf_counter() - started)
        wait_for(lambda: tracking.stats()["failures"] >= 4)
        assert tracking.close(0.1) is False
    # No timed limit of speed: this only says that no call waited for the network.
    assert sorted(took)[1000] < 0.05
    texts = messages(caplog)
    assert sum("cannot be reached" in text for text in texts) == 1 and sum("is full" in text for text in texts) == 1
    assert sum("are lost" in text for text in texts) == 1 and len(texts) == 3
    stats = tracking.stats()
    assert stats["dropped"] == 2000 and stats["accepted"] == 0


@pytest.mark.parametrize("given", ["localhost:8080", "ftp://x", ""])
def test_a_malformed_address_from_the_environment_breaks_no_model(
    given: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DRIFTLINE_URL", given)
    monkeypatch.setenv("DRIFTLINE_DISABLED", "1" if given == "" else "")
    predict = driftline.model("m")(lambda x: x)
    with caplog.at_level(logging.WARNING, "driftline"):
        assert predict(1) == 1 and predict(2) == 2
    assert len(messages(caplog)) == (0 if given == "" else 1)
    assert driftline.stats()["dropped"] == (0 if given == "" else 2)
    with pytest.raises(ValueError, match="url"):
        driftline.Client(url="localhost:8080")


def test_a_refused_certificate_is_one_line_and_its_authority_opens_the_way(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate of this test, and is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    secure = Sink(context)
    refused = driftline.Client(url=secure.url, heartbeat=0, max_backoff=0.05)
    trusted = driftline.Client(url=secure.url, heartbeat=0, ca_file=str(certificate))
    try:
        with caplog.at_level(logging.WARNING, "driftline"):
            refused.track(model="m")
            wait_for(lambda: refused.stats()["failures"] >= 3)
        assert len(messages(caplog)) == 1 and "certificate" in messages(caplog)[0]
        assert secure.requests == []
        trusted.track(model="m")
        assert trusted.flush(10) and len(secure.items()) == 1
        with pytest.raises(driftline.DriftlineError, match="certificate"):
            list(refused.predictions("m"))
    finally:
        refused.close(0)
        trusted.close(0)
        secure.close()


def test_a_body_that_is_too_large_goes_in_parts_and_only_the_giant_is_refused(client: Any, sink: Sink) -> None:
    def reply(path: str, lines: List[bytes]) -> Any:
        too_large = sum(map(len, lines)) > 20_000
        return (413, {}, {"detail": "too large"}) if too_large else stored(path, lines)

    sink.reply = reply
    tracking = client(linger=0.3)
    for n in range(40):
        tracking.track({"text": "x" * (50_000 if n == 17 else 2000), "n": n}, model="m")
    assert tracking.flush(20)
    assert (tracking.stats()["accepted"], tracking.stats()["rejected"]) == (39, 1)


def test_a_full_queue_drops_new_records_counts_them_and_says_so_once(client: Any, sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    gate = threading.Event()

    def reply(path: str, lines: List[bytes]) -> Any:
        gate.wait(20)
        return stored(path, lines)

    sink.reply = reply
    tracking = client(queue_size=5, heartbeat=0)
    with caplog.at_level(logging.WARNING, "driftline"):
        for n in range(50):
            tracking.track({"n": n}, model="m")
    gate.set()
    assert tracking.flush(10)
    stats = tracking.stats()
    assert stats["tracked"] == 50 and stats["accepted"] + stats["dropped"] == 50 and stats["dropped"] >= 40
    assert [FULL in text for text in messages(caplog)] == [True]
    # The oldest are kept.
    assert [item["inputs"]["n"] for item in sink.items()][:5] == list(range(5))


def test_the_policy_block_waits_for_room_and_drops_nothing(client: Any, sink: Sink) -> None:
    tracking = client(queue_size=10, on_full="block")
    for n in range(500):
        tracking.track({"n": n}, model="m")
    assert tracking.flush(20)
    assert sorted(item["inputs"]["n"] for item in sink.items()) == list(range(500)) and tracking.stats()["dropped"] == 0


def test_heartbeats_report_requests_failures_cpu_and_memory(client: Any, sink: Sink) -> None:
    tracking = client(heartbeat=0.1, replica="pod-1")

    @tracking.model("m", "1")
    def predict(x: int) -> int:
        return 1 // x

    for x in (1, 2, 0):
        try:
            predict(x)
        except ZeroDivisionError:
            pass
    tracking.track(model="m", version="1", timestamp="2020-01-01T00:00:00Z")
    wait_for(lambda: sum(item["requests"] for item in sink.items("/v1/replica-stats")) == 3)
    reports = sink.items("/v1/replica-stats")
    assert sum(item["failed"] for item in reports) == 1
    assert all(item["start"] < item["end"] and item["replica"] == "pod-1" and item["memory_bytes"] > 0 for item in reports)
    assert all(one["end"] == other["start"] for one, other in zip(reports, reports[1:]))
    wait_for(lambda: len(sink.items("/v1/replica-stats")) > len(reports))
    assert sink.items("/v1/replica-stats")[-1]["requests"] == 0
    assert tracking.stats()["accepted"] == 4


def test_close_sends_what_waits_and_the_last_heartbeat(client: Any, sink: Sink) -> None:
    tracking = client(heartbeat=60, linger=5)
    tracking.track(model="m")
    time.sleep(0.01)
    assert tracking.close(10)
    assert len(sink.items()) == 1 and [item["requests"] for item in sink.items("/v1/replica-stats")] == [1]
    tracking.track(model="m")
    assert tracking.stats()["dropped"] == 1
