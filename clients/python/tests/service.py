"""The real service in a process of its own, and a small HTTP server that records what it is sent and answers as it is told."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

ROOT = Path(__file__).resolve().parents[3]
VECTORS = ROOT / "clients" / "vectors"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """Driftline on a temporary folder. It can be killed and started again on the same folder and port."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="driftline-py-")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: Optional[subprocess.Popen[bytes]] = None

    def start(self) -> "Service":
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("DRIFTLINE_", "CLICKHOUSE_"))}
        environment.update(
            DRIFTLINE_DATA_DIR=self.folder, DRIFTLINE_PORT=str(self.port), DRIFTLINE_SCHEDULER="off", DRIFTLINE_LOG_LEVEL="warn",
            UV_THREADPOOL_SIZE="12",
        )  # fmt: skip
        self._process = subprocess.Popen(
            ["node", "--import", "tsx", "src/main.ts"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RuntimeError(f"the service ended: {self._process.stderr.read().decode()[-2000:]}")  # type: ignore[union-attr]
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the service did not get ready")

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process.stderr.close()  # type: ignore[union-attr]
        self._process = None

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process.stderr.close()  # type: ignore[union-attr]
        shutil.rmtree(self.folder, ignore_errors=True)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.loads(answer.read())

    def count(self, model: str) -> int:
        """How many predictions of a model are stored."""
        try:
            return int(self.get(f"/v1/models/{model}")["predictions"])
        except urllib.error.HTTPError:
            return 0

    def rows(self, model: str) -> List[Dict[str, Any]]:
        """Every stored prediction of a model."""
        request = urllib.request.Request(f"{self.url}/v1/predictions?model={model}", headers={"Accept": "application/x-ndjson"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return [json.loads(line) for line in answer.read().splitlines() if line]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise


#: Status, headers and document of an answer.
Reply = Tuple[int, Dict[str, str], Any]


def stored(_: str, lines: List[bytes]) -> Reply:
    return 201, {}, {"accepted": len(lines), "prediction_ids": []}


class Sink:
    """Records requests as (path, items, headers); ``reply`` decides the answers."""

    def __init__(self, context: Optional[ssl.SSLContext] = None) -> None:
        self.requests: List[Tuple[str, List[Any], Dict[str, str]]] = []
        self.reply: Callable[[str, List[bytes]], Reply] = stored
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                lines = [line for line in body.split(b"\n") if line]
                status, headers, document = sink.reply(self.path, lines)
                sink.requests.append((self.path, [json.loads(line) for line in lines], dict(self.headers)))
                answer = json.dumps(document).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(answer)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def items(self, path: str = "/v1/predictions") -> List[Any]:
        return [item for route, items, _ in self.requests if route == path for item in items]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def wait_for(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """Wait until something is so, and give it back."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")
