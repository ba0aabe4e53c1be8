"""Encoded records on disk, until they are acknowledged: they survive an outage of the service and a crash of the process.

A folder holds one folder a process. A process that starts takes over what dead processes left: their lock is free. Sending a
line twice changes nothing, because its id and time are in it.
"""

from __future__ import annotations

import os
import threading
import uuid
from typing import Dict, List, Optional

from .buffer import Batch
from .stream import Stream, route_of

try:
    import fcntl
except ImportError:  # Windows: no other process takes over a spool
    fcntl = None  # type: ignore[assignment]

_LOCK = "lock"


class SpoolFull(OSError):
    """The spool holds as much as it may."""


def _try_lock(path: str) -> Optional[int]:
    """A lock on a folder for as long as the descriptor is open; None where somebody has it."""
    fd = os.open(os.path.join(path, _LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    if fcntl is None:
        return fd
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return fd


class Spool:
    """The folder of one process, or one that a dead process left: a stream a route."""

    def __init__(self, path: str, lock: int, max_bytes: int, fsync: bool) -> None:
        self.path = path
        self._lock_fd = lock
        self._max_bytes = max_bytes
        self._fsync = fsync
        self._guard = threading.Lock()
        self._streams: Dict[str, Stream] = {}
        for name in sorted(os.listdir(path)):
            route = route_of(name)
            if route is not None and route not in self._streams:
                self._streams[route] = Stream(path, route)

    @classmethod
    def open(cls, folder: str, max_bytes: int, fsync: bool) -> "Spool":
        """A new folder for this process.

        :raises OSError: where it cannot be made.
        """
        path = os.path.join(folder, f"{os.getpid()}-{uuid.uuid4().hex[:12]}")
        os.makedirs(path, mode=0o700)
        lock = _try_lock(path)
        if lock is None:
            raise OSError(f"{path} is locked")
        return cls(path, lock, max_bytes, fsync)

    @classmethod
    def orphans(cls, folder: str, own: Optional[str], max_bytes: int) -> List["Spool"]:
        """Folders that dead processes left, locked for this one."""
        found: List[Spool] = []
        if fcntl is None:
            return found
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if path == own or not os.path.isfile(os.path.join(path, _LOCK)):
                continue
            try:
                lock = _try_lock(path)
                if lock is not None:
                    found.append(cls(path, lock, max_bytes, False))
            except OSError:
                continue
        return found

    @property
    def count(self) -> int:
        """How many lines wait or are being sent. Without the lock: each number is whole."""
        return sum(stream.count for stream in list(self._streams.values()))

    def append(self, route: str, lines: List[bytes]) -> None:
        """Write lines; they are in the file when it returns.

        :raises OSError: where the disk is full or broken, or the spool holds as much as it may. Then none of the lines is kept.
        """
        body = b"".join(line + b"\n" for line in lines)
        with self._guard:
            held = sum(stream.bytes for stream in self._streams.values())
            if held + len(body) > self._max_bytes:
                raise SpoolFull(f"it holds {held} bytes, as many as it may")
            stream = self._streams.get(route)
            if stream is None:
                stream = self._streams[route] = Stream(self.path, route)
            stream.append(body, len(lines), self._fsync)

    def peek(self, most: int) -> Optional[Batch]:
        """The oldest lines of a route; they stay until ``ack``. Only one batch is out at a time."""
        with self._guard:
            for route, stream in self._streams.items():
                lines, size = stream.peek(most)
                if lines:
                    # To the end of the line: no route waits for another one to be empty.
                    self._streams[route] = self._streams.pop(route)
                    return Batch(route, lines, size)
        return None

    def ack(self, batch: Batch) -> None:
        """Go on behind a batch: it is stored, or will never be."""
        assert isinstance(batch.token, int)
        with self._guard:
            self._streams[batch.route].ack(len(batch.lines), batch.token)

    def close(self, remove: bool) -> None:
        """Release the folder; ``remove`` it where nothing is in it any more."""
        with self._guard:
            for stream in self._streams.values():
                stream.close()
            if remove and self.count == 0:
                for name in os.listdir(self.path):
                    os.unlink(os.path.join(self.path, name))
                os.rmdir(self.path)
            os.close(self._lock_fd)

    def abandon(self) -> None:
        """In a forked process: give up the parent's descriptors and touch nothing."""
        for stream in self._streams.values():
            stream.close()
        os.close(self._lock_fd)
