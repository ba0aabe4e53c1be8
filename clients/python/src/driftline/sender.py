"""The thread that sends: batches out of the buffers, retries with the same ids, and a verdict for each answer."""

from __future__ import annotations

import random
import threading
import time
from typing import Callable, List, Optional, Tuple, Union

from .buffer import Batch, MemoryBuffer
from .encoder import REPLICA_STATS
from .report import Report
from .settings import Settings
from .spool import Spool
from .transport import NDJSON, Answer, Connection, Unreachable, problem

#: Kinds of trouble of the way to the service; an accepted batch ends them all.
_OUTAGES = ("unreachable", "closed", "certificate", "unauthorized", "address", "busy")
#: How often folders of dead processes are looked for, seconds.
_ADOPT_EVERY = 30.0

Buffer = Union[MemoryBuffer, Spool]


class Sender:
    """Sends what the buffers hold until it is told to stop."""

    def __init__(self, settings: Settings, report: Report, memory: MemoryBuffer) -> None:
        self._settings = settings
        self._report = report
        self._memory = memory
        self._connection = Connection(settings)
        self._backoff = 0.0
        self._wake = threading.Event()
        self._stop = False
        self._adopted: List[Spool] = []
        self._adopt_at = 0.0
        self.spool: Optional[Spool] = None
        #: Whether the last attempt failed: a caller that waits for a flush may as well give up early.
        self.failing = False

    @property
    def waiting(self) -> int:
        """Lines of this process that are not acknowledged."""
        return self._memory.count + (self.spool.count if self.spool is not None else 0)

    @property
    def spool_holds_all(self) -> bool:
        """Whether nothing but heartbeats is in memory only."""
        return self._memory.only(REPLICA_STATS)

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._stop = True
        self._wake.set()

    def run(self) -> None:
        """The thread's main part."""
        while not self._stop:
            try:
                if not self._step():
                    self._pause(min(self._settings.linger, 0.05) if self.waiting else 1.0)
            except Exception as error:  # a fault of ours must not end the thread
                self._report.count("internal_errors")
                self._report.tell("internal", f"sending failed: {type(error).__name__}: {error}")
                self._pause(1.0)
        self._connection.close()

    def close(self) -> None:
        """After the thread has ended: release the spools; an empty one leaves nothing behind."""
        for spool in [*self._adopted, *([self.spool] if self.spool is not None else [])]:
            spool.close(remove=True)
        self._adopted = []

    def _step(self) -> bool:
        """Send one batch; whether there was one."""
        self._adopt()
        for buffer in self._buffers():
            batch = buffer.peek(self._settings.batch_size)
            if batch is None:
                continue
            self._deliver(buffer, batch)
            return True
        return False

    def _buffers(self) -> List[Buffer]:
        own: List[Buffer] = [self._memory]
        if self.spool is not None:
            own.append(self.spool)
        return [*own, *self._adopted]

    def _adopt(self) -> None:
        folder = self._settings.spool
        if folder is None or time.monotonic() < self._adopt_at:
            return
        self._adopt_at = time.monotonic() + _ADOPT_EVERY
        for spool in [one for one in self._adopted if one.count == 0]:
            self._adopted.remove(spool)
            spool.close(remove=True)
        own = self.spool.path if self.spool is not None else None
        try:
            self._adopted.extend(Spool.orphans(folder, own, self._settings.spool_max_bytes))
        except OSError:
            return

    def _deliver(self, buffer: Buffer, batch: Batch) -> None:
        """Send a batch until there is a verdict, or the client stops."""
        while not self._stop:
            try:
                answer = self._connection.post(batch.route, b"\n".join(batch.lines) + b"\n", NDJSON)
            except Unreachable as error:
                self._failed(error.kind, str(error), None)
                continue
            wait = self._verdict(buffer, batch, answer)
            if wait is None:
                return

    def _verdict(self, buffer: Buffer, batch: Batch, answer: Answer) -> Optional[bool]:
        """None: the batch is done with. Otherwise it must be sent again."""
        n = len(batch.lines)
        status = answer.status
        if status in (200, 201):
            self._done(buffer, batch, n, 0)
            return None
        detail, _, errors = problem(answer)
        document = answer.json()
        if isinstance(document, dict) and isinstance(document.get("accepted"), int) and status in (207, 400, 403):
            accepted = document["accepted"]
            first = errors[0] if errors else {}
            why = f"{first.get('path', '')}: {first.get('message', detail)}".strip(": ")
            self._report.tell("rejected", f"{batch.route} refused {n - accepted} of {n} items ({why})")
            self._done(buffer, batch, accepted, n - accepted)
            return None
        if status == 413 and n > 1:
            return self._halves(buffer, batch)
        if status in (400, 413, 415, 422):
            self._report.tell("rejected", f"{batch.route} refused {n} items ({status}: {detail})")
            self._done(buffer, batch, 0, n)
            return None
        kind, message = self._trouble(status, detail, answer)
        self._failed(kind, message, answer.headers.get("retry-after"))
        return True

    def _trouble(self, status: int, detail: str, answer: Answer) -> Tuple[str, str]:
        url = self._settings.url
        if status in (401, 403):
            return "unauthorized", f"{url} refuses the key ({status}: {detail}). Set api_key or DRIFTLINE_API_KEY"
        if status == 429 or status >= 500:
            return "busy", f"{url} cannot take more now ({status}: {detail})"
        where = answer.headers.get("location", "")
        hint = f" It points to {where}." if where else ""
        return "address", f"{url} is not a Driftline service ({status}).{hint} Set url or DRIFTLINE_URL"

    def _done(self, buffer: Buffer, batch: Batch, accepted: int, rejected: int) -> None:
        # Heartbeats are the client's own: nobody tracked them. Counted first: who waits for a flush then reads whole numbers.
        if batch.route != REPLICA_STATS:
            self._report.count("sent", len(batch.lines))
            self._report.count("accepted", accepted)
            self._report.count("rejected", rejected)
        buffer.ack(batch)
        self._report.resolve(*_OUTAGES)
        self._backoff = 0.0
        self.failing = False

    def _halves(self, buffer: Buffer, batch: Batch) -> Optional[bool]:
        """A body that is too large goes in parts; the batch is acknowledged as a whole, when all are through."""
        accepted = rejected = 0
        parts = [batch.lines[: len(batch.lines) // 2], batch.lines[len(batch.lines) // 2 :]]
        while parts:
            part = parts.pop(0)
            try:
                answer = self._connection.post(batch.route, b"\n".join(part) + b"\n", NDJSON)
            except Unreachable as error:
                self._failed(error.kind, str(error), None)
                return True
            document = answer.json() if answer.status not in (200, 201) else None
            if answer.status in (200, 201):
                accepted += len(part)
            elif isinstance(document, dict) and isinstance(document.get("accepted"), int):
                accepted += document["accepted"]
                rejected += len(part) - document["accepted"]
            elif answer.status == 413 and len(part) > 1:
                parts = [part[: len(part) // 2], part[len(part) // 2 :], *parts]
            elif answer.status in (400, 413, 415, 422):
                self._report.tell("rejected", f"{batch.route} refused an item ({answer.status}: {problem(answer)[0]})")
                rejected += len(part)
            else:
                kind, message = self._trouble(answer.status, problem(answer)[0], answer)
                self._failed(kind, message, answer.headers.get("retry-after"))
                return True
        self._done(buffer, batch, accepted, rejected)
        return None

    def _failed(self, kind: str, message: str, retry_after: Optional[str]) -> None:
        self._report.count("failures")
        self._report.count("retries")
        self._report.tell(kind, f"{message}; what is tracked waits and is sent again")
        self.failing = True
        self._backoff = min(max(self._backoff * 2, 0.1), self._settings.max_backoff)
        wait = self._backoff * random.uniform(0.5, 1.0)
        if retry_after is not None and retry_after.isdigit():
            wait = max(wait, min(float(retry_after), self._settings.max_backoff))
        self._pause(wait, interruptible=False)

    def _pause(self, seconds: float, interruptible: bool = True) -> None:
        """Wait; woken by new lines, or in an outage by nothing but the end."""
        until = time.monotonic() + seconds
        while not self._stop:
            left = until - time.monotonic()
            if left <= 0:
                break
            if interruptible:
                self._wake.wait(left)
                break
            time.sleep(min(left, 0.05))
        self._wake.clear()


def started(target: Callable[[], None], name: str) -> threading.Thread:
    """A daemon thread: it never keeps the interpreter from ending."""
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread
