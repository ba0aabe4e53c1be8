"""HTTP to the service: one kept connection a thread, gzip, and errors in words that say what to do."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import ssl
from typing import IO, Any, Dict, Iterable, Mapping, NamedTuple, Optional, Tuple, Union
from urllib.parse import urlsplit

from ._version import __version__
from .errors import DriftlineError
from .settings import Settings

NDJSON = "application/x-ndjson"
#: Bodies are compressed from this size on.
GZIP_FROM = 1024

Body = Union[bytes, IO[bytes]]


class Answer(NamedTuple):
    """An answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The document; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Unreachable(Exception):
    """There was no answer. ``kind`` tells a refused certificate from a service that is not there."""

    def __init__(self, message: str, kind: str = "unreachable") -> None:
        super().__init__(message)
        self.kind = kind


class Connection:
    """A kept connection for one thread; opened anew after any failure."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        parts = urlsplit(settings.url)
        self._host = parts.hostname or ""
        self._secure = parts.scheme == "https"
        self._port = parts.port or (443 if self._secure else 80)
        self._base = parts.path.rstrip("/")
        # On one machine there is no network to spare: compressing would only cost both sides time.
        local = self._host in ("localhost", "127.0.0.1", "::1")
        self._gzip = not local if settings.gzip is None else settings.gzip
        self._context: Optional[ssl.SSLContext] = None
        self._http: Optional[http.client.HTTPConnection] = None

    def post(self, path: str, body: bytes, content_type: str) -> Answer:
        """Send and read the answer.

        :raises Unreachable: where there is none.
        """
        headers = {"Content-Type": content_type}
        if self._gzip and len(body) >= GZIP_FROM:
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        # A kept connection may have been closed at the other end meanwhile: then nothing was read, and once more is safe.
        reused = self._http is not None
        try:
            return self._exchange("POST", path, body, headers)
        except Unreachable as error:
            if not reused or error.kind != "closed":
                raise
        return self._exchange("POST", path, body, headers)

    def call(self, method: str, path: str, body: Optional[Body] = None, headers: Optional[Dict[str, str]] = None) -> Answer:
        """Any call, its answer read whole.

        :raises Unreachable: where there is none.
        """
        return self._exchange(method, path, body, headers or {})

    def stream(self, path: str, accept: str) -> http.client.HTTPResponse:
        """A GET whose answer is read by the caller, who closes this connection then.

        :raises Unreachable: where there is none.
        """
        return self._send("GET", path, None, {"Accept": accept})

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def _exchange(self, method: str, path: str, body: Optional[Body], headers: Dict[str, str]) -> Answer:
        response = self._send(method, path, body, headers)
        try:
            data = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unreachable(f"{self._settings.url} broke off its answer ({error})") from error
        if response.will_close:
            self.close()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, data)

    def _send(self, method: str, path: str, body: Optional[Body], headers: Dict[str, str]) -> http.client.HTTPResponse:
        url = self._settings.url
        sent = {"User-Agent": f"driftline-python/{__version__}", **headers}
        if self._settings.api_key:
            sent["Authorization"] = f"Bearer {self._settings.api_key}"
        try:
            if self._http is None:
                self._http = self._open()
            self._http.request(method, self._base + path, body=body, headers=sent)
            return self._http.getresponse()
        except ssl.SSLCertVerificationError as error:
            self.close()
            why = error.verify_message or str(error)
            raise Unreachable(
                f"the certificate of {url} was refused: {why}. Give its authority as ca_file or DRIFTLINE_CA_FILE",
                "certificate",
            ) from error
        except (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected) as error:
            self.close()
            raise Unreachable(f"{url} closed the connection", "closed") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            why = "no answer in time" if isinstance(error, (socket.timeout, TimeoutError)) else str(error)
            raise Unreachable(f"{url} cannot be reached ({why})") from error

    def _open(self) -> http.client.HTTPConnection:
        timeout = self._settings.timeout
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        if self._context is None:
            self._context = ssl.create_default_context(cafile=self._settings.ca_file)
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._context)


def problem(answer: Answer) -> Tuple[str, str, list[Mapping[str, Any]]]:
    """What a refusal says: its sentence, its code, and the items or fields it names."""
    document = answer.json()
    if not isinstance(document, dict):
        return answer.body[:200].decode("utf-8", "replace"), "", []
    errors = document.get("errors")
    return str(document.get("detail", "")), str(document.get("code", "")), errors if isinstance(errors, list) else []


def refuse(answer: Answer) -> DriftlineError:
    """A refusal as an error to raise."""
    detail, code, errors = problem(answer)
    return DriftlineError(f"{answer.status}: {detail}", answer.status, code, errors)


def chunks(response: http.client.HTTPResponse, size: int = 1 << 16) -> Iterable[bytes]:
    """The body piece by piece."""
    while True:
        data = response.read(size)
        if not data:
            return
        yield data
