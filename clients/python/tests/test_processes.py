"""Real processes against the real service: threads, forks, exits, signals, crashes, a service that dies, a disk that is full."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from service import Service, free_port, wait_for

SETTINGS = "heartbeat=0, linger=0.01, max_backoff=0.3"


def script(text: str, url: str, model: str, **more: Any) -> List[str]:
    """A program that has a client `c`."""
    settings = ", ".join([f"url={url!r}", SETTINGS, *(f"{name}={value!r}" for name, value in more.items())])
    head = f"import os, signal, sys, threading, time\nimport driftline\nMODEL = {model!r}\nc = driftline.configure({settings})\n"
    return [sys.executable, "-c", head + textwrap.dedent(text)]


def run(text: str, url: str, model: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(script(text, url, model, **more), capture_output=True, text=True, timeout=120)


def numbers(service: Service, model: str) -> List[int]:
    return sorted(row["inputs"]["n"] for row in service.rows(model))


@pytest.fixture()
def own() -> Iterator[Service]:
    """A service that the test may kill."""
    running = Service().start()
    yield running
    running.close()


def test_what_is_tracked_before_the_interpreter_exits_is_stored(service: Service) -> None:
    done = run("for n in range(500): c.track({'n': n}, n, model=MODEL)", service.url, "exit")
    assert (done.returncode, done.stderr) == (0, "")
    assert numbers(service, "exit") == list(range(500))


def test_the_same_after_an_exception_and_after_sys_exit(service: Service) -> None:
    failed = run("c.track({'n': 1}, model=MODEL)\nraise SystemError('no')", service.url, "raise")
    assert failed.returncode == 1 and "SystemError: no" in failed.stderr
    assert run("c.track({'n': 2}, model=MODEL)\nsys.exit(3)", service.url, "raise").returncode == 3
    assert numbers(service, "raise") == [1, 2]


def test_threads_of_one_process_lose_and_double_nothing(service: Service) -> None:
    done = run(
        """
        def work(k):
            for i in range(500):
                c.track({'n': 500 * k + i}, i, model=MODEL)
        threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        """,
        service.url,
        "threads",
    )
    assert done.returncode == 0, done.stderr
    assert numbers(service, "threads") == list(range(4000))


def test_forked_children_send_their_own_and_not_their_parents(service: Service) -> None:
    done = run(
        """
        for n in range(100): c.track({'n': n}, model=MODEL)
        children = []
        for k in range(3):
            pid = os.fork()
            if pid == 0:
                for n in range(100): c.track({'n': 1000 * (k + 1) + n}, model=MODEL)
                sys.exit(0)
            children.append(pid)
        codes = [os.waitpid(pid, 0)[1] for pid in children]
        for n in range(100, 200): c.track({'n': n}, model=MODEL)
        sys.exit(max(codes))
        """,
        service.url,
        "fork",
    )
    assert done.returncode == 0, done.stderr
    expected = [*range(200), *(1000 * k + n for k in (1, 2, 3) for n in range(100))]
    assert numbers(service, "fork") == sorted(expected)
    rows = service.rows("fork")
    assert len({row["prediction_id"] for row in rows}) == len(rows) and len({row["replica"] for row in rows}) == 4


def test_children_of_multiprocessing_send_before_they_end(service: Service) -> None:
    done = run(
        """
        import multiprocessing
        def work(n):
            c.track({'n': n}, model=MODEL)
        context = multiprocessing.get_context('fork')
        processes = [context.Process(target=work, args=(n,)) for n in range(4)]
        [p.start() for p in processes]
        [p.join() for p in processes]
        """,
        service.url,
        "multiprocessing",
    )
    assert done.returncode == 0, done.stderr
    assert numbers(service, "multiprocessing") == [0, 1, 2, 3]


def test_sigterm_sends_what_waits_and_ends_the_process_as_it_would_have(service: Service) -> None:
    text = """
        for n in range(300): c.track({'n': n}, model=MODEL)
        print('tracked', flush=True)
        time.sleep(60)
        """
    process = subprocess.Popen(script(text, service.url, "sigterm"), stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"tracked\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == -signal.SIGTERM
    process.stdout.close()
    assert numbers(service, "sigterm") == list(range(300))


def test_a_handler_of_the_programs_own_keeps_working(service: Service) -> None:
    text = """
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
        c.track({'n': 1}, model=MODEL)
        print('tracked', flush=True)
        time.sleep(60)
        """
    process = subprocess.Popen(script(text, service.url, "handler"), stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"tracked\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 7
    process.stdout.close()
    assert numbers(service, "handler") == [1]


def test_a_service_that_is_killed_and_started_again_loses_and_doubles_nothing(own: Service, tmp_path: Path) -> None:
    text = """
        n = 0
        while not os.path.exists(STOP):
            c.track({'n': n}, n, model=MODEL)
            c.track_ground_truth(driftline.track({'n': 10**6 + n}, model=MODEL), {'late': n % 2 == 0})
            n += 1
            time.sleep(0.004)
        print(n, flush=True)
        print(c.close(60), c.stats(), flush=True)
        """
    stop = tmp_path / "stop"
    settings = {"spool": str(tmp_path / "spool")}
    command = script(f"STOP = {str(stop)!r}\n" + textwrap.dedent(text), own.url, "killed", **settings)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(2):
        before = own.count("killed")
        wait_for(lambda: own.count("killed") > before + 50)
        own.kill()
        time.sleep(0.5)
        own.start()
    stop.touch()
    out, err = process.communicate(timeout=120)
    count = int(out.splitlines()[0])
    assert "True" in out.splitlines()[1], out + err
    rows = own.rows("killed")
    assert sorted(row["inputs"]["n"] for row in rows) == [*range(count), *range(10**6, 10**6 + count)]
    assert len({row["prediction_id"] for row in rows}) == len(rows)
    labelled = [row for row in rows if row["inputs"]["n"] >= 10**6]
    assert all(row["ground_truth"] == {"late": row["inputs"]["n"] % 2 == 0} for row in labelled)
    # One line an outage of a kind, however many attempts: the log of the process says so.
    assert len(err.strip().splitlines()) <= 2, err
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_process_that_crashes_leaves_what_it_tracked_to_the_next_one(service: Service, tmp_path: Path) -> None:
    port = free_port()
    spool = {"spool": str(tmp_path / "spool"), "spool_sync": True}
    text = """
        for n in range(1000):
            c.track({'n': n}, model=MODEL)
            print(n, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    crashed = run(text, f"http://127.0.0.1:{port}", "crashed", **spool)
    assert crashed.returncode == -signal.SIGKILL and crashed.stdout.splitlines()[-1] == "999"
    assert numbers(service, "crashed") == []
    following = run("c.track({'n': 1000}, model=MODEL)\nassert c.flush(30)\ntime.sleep(0.5)", service.url, "crashed", **spool)
    assert following.returncode == 0, following.stderr
    wait_for(lambda: len(service.rows("crashed")) == 1001)
    assert numbers(service, "crashed") == list(range(1001))


def test_half_a_line_of_a_crash_is_no_record(service: Service, tmp_path: Path) -> None:
    folder = tmp_path / "spool" / "999999-dead"
    folder.mkdir(parents=True)
    (folder / "lock").touch()
    line = b'{"model":"torn","prediction_id":"a","timestamp":%d,"inputs":{"n":1}}\n' % int(time.time() * 1000)
    (folder / "v1_predictions.000000000001.log").write_bytes(line + line[:40])
    done = run("c.track({'n': 2}, model=MODEL)\nassert c.flush(30)\ntime.sleep(0.5)", service.url, "torn", spool=str(tmp_path / "spool"))
    assert done.returncode == 0, done.stderr
    assert numbers(service, "torn") == [1, 2]


def test_at_the_end_of_a_process_the_spool_keeps_what_a_dead_service_did_not_take(service: Service, tmp_path: Path) -> None:
    spool = {"spool": str(tmp_path / "spool")}
    started = time.monotonic()
    ended = run("for n in range(50): c.track({'n': n}, model=MODEL)", f"http://127.0.0.1:{free_port()}", "left", exit_timeout=30, **spool)
    assert ended.returncode == 0 and "50 records wait in the spool" in ended.stderr
    assert time.monotonic() - started < 25  # it did not wait for a service that does not answer
    run("c.track({'n': 50}, model=MODEL)\nassert c.flush(30)\ntime.sleep(0.5)", service.url, "left", **spool)
    assert numbers(service, "left") == list(range(51))


FULL_DISK = """
    import resource
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    for n in range(2000):
        c.track({'n': n}, model=MODEL)
        if n % 100 == 0: time.sleep(0.01)
    assert c.flush(60)
    print(c.stats()['spool_errors'] > 0, c.stats()['accepted'], c.stats()['dropped'])
    """


def test_a_spool_that_cannot_grow_costs_no_prediction_and_one_log_line(service: Service, tmp_path: Path) -> None:
    done = run(FULL_DISK, service.url, "full", spool=str(tmp_path / "spool"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "2000", "0"]
    assert len(done.stderr.strip().splitlines()) == 1 and "cannot be written (File too large)" in done.stderr
    assert numbers(service, "full") == list(range(2000))


def test_a_full_disk_costs_no_prediction_and_one_log_line(service: Service, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        text = "\n".join(line for line in textwrap.dedent(FULL_DISK).splitlines() if "resource" not in line and "SIGXFSZ" not in line)
        done = run(text, service.url, "nospace", spool=str(disk / "spool"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "2000", "0"]
    assert len(done.stderr.strip().splitlines()) == 1 and "No space left on device" in done.stderr
    assert numbers(service, "nospace") == list(range(2000))


def test_a_spool_that_holds_as_much_as_it_may_falls_back_to_memory(service: Service, tmp_path: Path) -> None:
    text = "for n in range(3000): c.track({'n': n, 'x': 'y' * 100}, model=MODEL)\nassert c.flush(60)\nprint(c.stats()['dropped'])"
    done = run(text, service.url, "bounded", spool=str(tmp_path / "spool"), spool_max_bytes=20_000)
    assert (done.returncode, done.stdout.strip()) == (0, "0"), done.stderr
    assert numbers(service, "bounded") == list(range(3000))


WEB = """
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    import json
    @c.model(MODEL, "1")
    def predict(args):
        c.track_metric("double", args["n"] * 2)
        return {"score": args["n"] / 1000}
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def do_POST(self):
            args = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            result, uuid = predict.with_id(args)
            body = json.dumps({"uuid": uuid, **result}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *_): pass
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
    """


def test_a_web_server_under_load_tracks_every_request_once(service: Service) -> None:
    """Threads that serve requests, as Flask and FastAPI run plain functions."""
    import http.client
    import json
    import threading

    process = subprocess.Popen(script(WEB, service.url, "web"), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    answers: Dict[int, Any] = {}

    def load(k: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for i in range(150):
            n = 150 * k + i
            connection.request("POST", "/", json.dumps({"n": n}), {"Content-Type": "application/json"})
            answers[n] = json.loads(connection.getresponse().read())
        connection.close()

    threads = [threading.Thread(target=load, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == -signal.SIGTERM
    process.stdout.close()
    rows = {row["inputs"]["n"]: row for row in service.rows("web")}
    assert sorted(rows) == list(range(1200)) == sorted(answers)
    for n, row in rows.items():
        assert (row["prediction_id"], row["outputs"]) == (answers[n]["uuid"], {"score": n / 1000})
        assert row["metrics"] == {"double": n * 2} and row["latency_ms"] >= 0


def test_the_service_shows_the_replicas_of_a_running_program(service: Service) -> None:
    text = """
        c = driftline.configure(url=URL, heartbeat=0.2, replica='pod-7')
        for n in range(20): c.track({'n': n}, model=MODEL, latency_ms=n, error='no' if n == 0 else None)
        time.sleep(0.5)
        """
    done = run(f"URL = {service.url!r}\n" + textwrap.dedent(text), service.url, "replicas")
    assert done.returncode == 0, done.stderr
    answer = service.get("/v1/models/replicas/replicas")
    [replica] = answer["replicas"]
    assert replica["replica"] == "pod-7" and replica["sources"] == ["heartbeats", "predictions"] and replica["live"]
    assert (replica["requests"], replica["failed_requests"], replica["latency_ms_p50"]) == (20, 1, 9.5)
    assert replica["memory_bytes"] > 1_000_000 and replica["cpu_cores"] > 0


def test_it_has_no_dependencies_and_imports_none() -> None:
    code = "import sys, driftline, driftline.cml\nprint(sorted({m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)))"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(source())})
    foreign = re.findall(r"'([^']+)'", done.stdout)
    assert [name for name in foreign if name not in ("driftline", "__main__", "sitecustomize", "usercustomize")] == [], done.stderr


def source() -> Path:
    import driftline

    return Path(driftline.__file__).parents[1]


def test_sigterm_is_heeded_where_the_first_prediction_is_made_in_a_thread(service: Service) -> None:
    text = """
        os.environ['DRIFTLINE_URL'] = URL
        driftline._client = None
        @driftline.model(MODEL)
        def predict(n): return n
        thread = threading.Thread(target=predict, args=(5,))
        thread.start()
        thread.join()
        print('tracked', flush=True)
        time.sleep(60)
        """
    command = [sys.executable, "-c", f"import os, threading, time\nimport driftline\nURL, MODEL = {service.url!r}, 'in-thread'\n" + textwrap.dedent(text)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"tracked\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == -signal.SIGTERM
    process.stdout.close()
    assert numbers(service, "in-thread") == [5]
