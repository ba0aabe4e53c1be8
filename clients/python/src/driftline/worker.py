"""The queue between model code and the background: bounded, lock-free for the caller, encoded by one thread and sent by another."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from typing import Any, Deque, List, Optional, Tuple

from . import process
from .buffer import MemoryBuffer
from .convert import encode, to_bytes
from .encoder import REPLICA_STATS, Encoder, Plain, Prediction
from .report import Report
from .sender import Sender, started
from .settings import Settings, replica_name
from .spool import Spool

#: How often memory is looked at, seconds.
_SAMPLE_EVERY = 1.0


class Worker:
    """Everything that runs in the background of one client in one process."""

    def __init__(self, settings: Settings, report: Report) -> None:
        self.settings = settings
        self.report = report
        self.memory_bytes = process.memory_bytes()
        self.encoder = Encoder(report, replica_name(settings))
        self._queue: Deque[Any] = deque()
        self._buffer = MemoryBuffer()
        self._sender = Sender(settings, report, self._buffer)
        self._encoding = 0
        self._idle = False
        # A lock as a signal: to release it is one atomic step, which is safe in a signal handler and while the same
        # thread is in put() already. Conditions and events are not.
        self._wake = threading.Lock()
        self._wake.acquire()
        self._start_lock = threading.Lock()
        self._started = False
        self._closed = False
        self._encoder_thread: Optional[threading.Thread] = None
        self._sender_thread: Optional[threading.Thread] = None
        self._encode_lock = threading.Lock()
        self._beat_at = (time.monotonic(), int(time.time() * 1000), process.cpu_ms())
        self._sampled_at = 0.0

    @property
    def unsent(self) -> int:
        """Records of this process that the service has not acknowledged."""
        return len(self._queue) + self._encoding + self._sender.waiting

    def put(self, record: Any) -> bool:
        """Queue a record; whether there was room. With the policy ``block`` it waits for room."""
        settings = self.settings
        if not self._started:
            self._start()
        if self._closed:
            self.report.count("dropped")
            self.report.tell("closed", "records are tracked after close(); they are dropped")
            return False
        if settings.spool_sync:
            return self._put_now(record)
        if len(self._queue) + self._buffer.count >= settings.queue_size and not self._room(record):
            return False
        self._queue.append(record)
        if self._idle:
            self._signal()
        return True

    @property
    def tracked(self) -> int:
        """Records that were taken; those that were dropped are not among them."""
        return self.encoder.encoded + len(self._queue)

    def flush(self, timeout: Optional[float], or_spooled: bool = False) -> bool:
        """Wait until everything is acknowledged; whether it is. With ``or_spooled``, what is on disk may stay there where
        the service does not answer. Safe in a signal handler: it takes no lock."""
        until = None if timeout is None else time.monotonic() + timeout
        self._signal()
        while self.unsent > 0:
            if or_spooled and self._sender.failing and self._on_disk():
                return False
            if self._closed or (until is not None and time.monotonic() >= until):
                return False
            time.sleep(0.002)
        return True

    def _on_disk(self) -> bool:
        return self._sender.spool is not None and len(self._queue) + self._encoding == 0 and self._sender.spool_holds_all

    def close(self, timeout: Optional[float], or_spooled: bool) -> bool:
        """Send what waits, for at most ``timeout`` seconds, and end; whether nothing is left in memory or on disk."""
        if self._closed:
            return self.unsent == 0
        started = time.monotonic()
        done = self.flush(timeout, or_spooled)
        if self._started and self.settings.heartbeat > 0:
            # The last report counts what was encoded just now.
            self._beat(last=True)
            left = None if timeout is None else max(0.0, timeout - (time.monotonic() - started))
            done = self.flush(left, or_spooled) and done
        self._closed = True
        self._signal()
        self._sender.stop()
        for thread in (self._encoder_thread, self._sender_thread):
            if thread is not None and thread is not threading.current_thread():
                thread.join(1.0)
        if not done and self._started:
            self._leave()
        if self._sender_thread is None or not self._sender_thread.is_alive():
            self._sender.close()
        return done

    def abandon(self) -> None:
        """In a forked process: what is queued belongs to the parent, which sends it."""
        if self._sender.spool is not None:
            self._sender.spool.abandon()

    def _start(self) -> None:
        with self._start_lock:
            if self._started or self._closed:
                return
            self._open_spool()
            self._encoder_thread = started(self._run, "driftline-encoder")
            self._sender_thread = started(self._sender.run, "driftline-sender")
            self._started = True

    def _open_spool(self) -> None:
        settings = self.settings
        if settings.spool is None:
            return
        try:
            os.makedirs(settings.spool, mode=0o700, exist_ok=True)
            self._sender.spool = Spool.open(settings.spool, settings.spool_max_bytes, settings.spool_fsync)
        except OSError as error:
            self._spool_failed(error)

    def _room(self, record: Any) -> bool:
        """The queue is full: wait, or count. With a closed worker nobody makes room."""
        if self.settings.on_full == "block":
            while not self._closed:
                if len(self._queue) + self._buffer.count < self.settings.queue_size:
                    return True
                time.sleep(0.001)
        self._drop(record)
        return False

    def _drop(self, record: Any) -> None:
        self.report.count("dropped")
        self.report.tell("dropped", f"the queue of {self.settings.queue_size} records is full; new ones are dropped")
        if type(record) is Prediction and record.live:
            self.encoder.dropped(record.series)

    def _put_now(self, record: Any) -> bool:
        """Encode and spool in the caller's thread: what was returned is on disk."""
        with self._encode_lock:
            route, line = self.encoder.line(record)
        if self._buffer.count >= self.settings.queue_size:
            self._drop(record)
            return False
        self._keep(route, [line])
        self._sender.wake()
        return True

    def _signal(self) -> None:
        self._idle = False
        try:
            self._wake.release()
        except RuntimeError:
            pass  # somebody else was faster

    def _run(self) -> None:
        while not self._closed:
            try:
                if not self._queue:
                    self._wait()
                self._sample()
                if self._queue:
                    # What comes in the next moments goes along; a full batch does not wait.
                    self._linger()
                    self._drain()
                self._beat()
            except Exception as error:  # a fault of ours must not end the thread
                self.report.count("internal_errors")
                self.report.tell("internal", f"encoding failed: {type(error).__name__}: {error}")
                time.sleep(0.1)

    def _wait(self) -> None:
        self._idle = True
        # Looked at again after the flag is up: a record that came in between would wait for the next one.
        if not self._queue and not self._closed:
            self._wake.acquire(timeout=_SAMPLE_EVERY)
        self._idle = False

    def _linger(self) -> None:
        until = time.monotonic() + self.settings.linger
        while len(self._queue) < self.settings.batch_size and not self._closed:
            left = until - time.monotonic()
            if left <= 0:
                return
            # flush() signals, put() does not: the flag is down.
            if self._wake.acquire(timeout=min(left, 0.01)):
                return

    def _drain(self) -> None:
        while self._queue:
            n = min(len(self._queue), self.settings.batch_size)
            # Before the records leave the queue: unsent never shows fewer than there are.
            self._encoding = n
            lines: List[Tuple[str, bytes]] = []
            for _ in range(n):
                try:
                    record = self._queue.popleft()
                except IndexError:
                    break
                line = self._line(record)
                if line is not None:
                    lines.append(line)
            for route in dict.fromkeys(route for route, _ in lines):
                self._keep(route, [line for other, line in lines if other == route])
            self._encoding = 0
            self._sender.wake()

    def _line(self, record: Any) -> Optional[Tuple[str, bytes]]:
        try:
            with self._encode_lock:
                return self.encoder.line(record)
        except Exception as error:
            self.report.count("internal_errors")
            self.report.tell("internal", f"a record could not be encoded: {type(error).__name__}: {error}")
            return None

    def _keep(self, route: str, lines: List[bytes]) -> None:
        spool = self._sender.spool
        if spool is not None:
            try:
                spool.append(route, lines)
                self.report.resolve("spool")
                return
            except OSError as error:
                self._spool_failed(error)
        self._buffer.append(route, lines)

    def _spool_failed(self, error: OSError) -> None:
        self.report.count("spool_errors")
        why = error.strerror or str(error)
        self.report.tell("spool", f"the spool {self.settings.spool} cannot be written ({why}); records are kept in memory")

    def _sample(self) -> None:
        now = time.monotonic()
        if now - self._sampled_at >= _SAMPLE_EVERY:
            self._sampled_at = now
            self.memory_bytes = process.memory_bytes()

    def _beat(self, last: bool = False) -> None:
        """Report what happened since the last report, when it is time."""
        every = self.settings.heartbeat
        at, start, cpu = self._beat_at
        now = time.monotonic()
        if every <= 0 or (now - at < every and not last):
            return
        end, cpu_now = int(time.time() * 1000), process.cpu_ms()
        self._beat_at = (now, end, cpu_now)
        # A clock that was set back, or a computer that slept, makes no interval that could be true.
        if not start < end <= start + 900_000:
            return
        for report in self.encoder.heartbeats(start, end, cpu_now - cpu, self.memory_bytes):
            self._buffer.append(report.route, [self._heartbeat(report)])
        self._sender.wake()

    def _heartbeat(self, report: Plain) -> bytes:
        return to_bytes(encode(report.document))

    def _leave(self) -> None:
        """What could not be sent in time: on disk where there is a spool, else lost and said so."""
        while self._queue and self._sender.spool is not None:
            line = self._line(self._queue.popleft())
            if line is not None:
                self._keep(line[0], [line[1]])
        self._buffer.discard(REPLICA_STATS)
        kept = self._sender.spool.count if self._sender.spool is not None else 0
        lost = len(self._queue) + self._encoding + self._buffer.count
        if kept:
            self.report.tell("left", f"{kept} records wait in the spool {self.settings.spool} for the next start")
        if lost:
            self.report.count("dropped", lost)
            self.report.tell("lost", f"{lost} records could not be sent before the end and are lost; a spool would keep them")
