"""Encoded records on disk, until they are acknowledged: they survive an outage of the service and a crash of the process.

A folder holds one folder a process. There, lines (``route TAB json``) are appended to segments ``000000000001.log``, and
``cursor`` says how far the service has acknowledged them. A process that starts takes over what dead processes left: their
lock is free. Sending a line twice changes nothing, because its id and time are in it.
"""

from __future__ import annotations

import os
import threading
import uuid
from typing import Dict, List, Optional, Tuple

from .buffer import MAX_BYTES, Batch

try:
    import fcntl
except ImportError:  # Windows: no other process takes over a spool
    fcntl = None  # type: ignore[assignment]

#: A segment is not appended to beyond this.
SEGMENT_BYTES = 8 << 20
_CURSOR = "cursor"
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
    """The folder of one process, or one that a dead process left. ``count`` is how many lines wait."""

    def __init__(self, path: str, lock: int, max_bytes: int, fsync: bool) -> None:
        self.path = path
        self._lock_fd = lock
        self._max_bytes = max_bytes
        self._fsync = fsync
        self._guard = threading.Lock()
        self._fd: Optional[int] = None
        self._segment, self._offset = self._read_cursor()
        sizes = self._segments()
        self._last = max(sizes, default=0)
        for segment in [one for one in sizes if one < self._segment]:
            self._unlink(segment)
        self._bytes = sum(self._segments().values()) - self._offset
        self.count = self._count_lines() if sizes else 0

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
        found = []
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if path == own or fcntl is None or not os.path.isfile(os.path.join(path, _LOCK)):
                continue
            try:
                lock = _try_lock(path)
                if lock is not None:
                    found.append(cls(path, lock, max_bytes, False))
            except OSError:
                continue
        return found

    def append(self, route: str, lines: List[bytes]) -> None:
        """Write lines; they are in the file when it returns.

        :raises OSError: where the disk is full or broken. Then none of the lines is kept.
        """
        prefix = route.encode("ascii") + b"\t"
        body = b"".join(prefix + line + b"\n" for line in lines)
        with self._guard:
            if self._bytes + len(body) > self._max_bytes:
                raise SpoolFull(f"the spool {self.path} holds {self._bytes} bytes, as many as it may")
            fd = self._writable()
            before = os.fstat(fd).st_size
            try:
                written = 0
                while written < len(body):
                    written += os.write(fd, body[written:])
                if self._fsync:
                    os.fsync(fd)
            except OSError:
                os.ftruncate(fd, before)
                raise
            self._bytes += len(body)
            self.count += len(lines)

    def peek(self, most: int) -> Optional[Batch]:
        """The oldest lines of one route; they stay until ``ack``."""
        with self._guard:
            while True:
                data = self._read()
                end = data.rfind(b"\n") + 1
                if end > 0:
                    return self._batch(data[:end], most)
                # What follows the last newline is half a line of a crash: nobody was told that it is kept.
                if self._segment >= self._last:
                    return None
                self._next_segment()

    def ack(self, batch: Batch) -> None:
        """Go on behind a batch: it is stored, or will never be."""
        size = batch.token
        assert isinstance(size, int)
        with self._guard:
            self._offset += size
            self._bytes -= size
            self.count -= len(batch.lines)
            self._write_cursor()

    def close(self, remove: bool) -> None:
        """Release the folder; ``remove`` it where nothing is in it any more."""
        with self._guard:
            if self._fd is not None:
                os.close(self._fd)
                self._fd = None
            if remove and self.count == 0:
                for name in os.listdir(self.path):
                    os.unlink(os.path.join(self.path, name))
                os.rmdir(self.path)
            os.close(self._lock_fd)

    def abandon(self) -> None:
        """In a forked process: give up the parent's descriptors and touch nothing."""
        for fd in (self._fd, self._lock_fd):
            if fd is not None:
                os.close(fd)

    def _batch(self, data: bytes, most: int) -> Batch:
        route = data[: data.index(b"\t")]
        lines: List[bytes] = []
        start = size = 0
        while start < len(data) and len(lines) < most:
            end = data.index(b"\n", start)
            other, _, line = data[start:end].partition(b"\t")
            if other != route or (lines and size + len(line) > MAX_BYTES):
                break
            lines.append(line)
            size += len(line)
            start = end + 1
        return Batch(route.decode("ascii"), lines, start)

    def _read(self) -> bytes:
        try:
            with open(self._file(self._segment), "rb") as file:
                file.seek(self._offset)
                data = file.read(MAX_BYTES)
                # One line may be longer than a request may hold.
                while data and b"\n" not in data:
                    more = file.read(MAX_BYTES)
                    if not more:
                        break
                    data += more
                return data
        except FileNotFoundError:
            return b""

    def _next_segment(self) -> None:
        done = self._segment
        self._bytes -= max(0, self._size(done) - self._offset)
        later = [segment for segment in self._segments() if segment > done]
        self._segment, self._offset = min(later, default=done + 1), 0
        self._write_cursor()
        self._unlink(done)

    def _writable(self) -> int:
        if self._fd is not None and os.fstat(self._fd).st_size < SEGMENT_BYTES:
            return self._fd
        fd = os.open(self._file(self._last + 1), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if self._fd is not None:
            os.close(self._fd)
        self._fd = fd
        self._last += 1
        return fd

    def _read_cursor(self) -> Tuple[int, int]:
        try:
            with open(os.path.join(self.path, _CURSOR), "rb") as file:
                segment, offset = file.read().split()
                return int(segment), int(offset)
        except (OSError, ValueError):
            return min(self._segments(), default=1), 0

    def _write_cursor(self) -> None:
        # Of one length, so that a later cursor replaces an earlier one whole.
        try:
            fd = os.open(os.path.join(self.path, _CURSOR), os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.write(fd, b"%020d %020d" % (self._segment, self._offset))
            finally:
                os.close(fd)
        except OSError:
            # On a full disk the cursor stays behind: then lines are sent again, which changes nothing.
            pass

    def _count_lines(self) -> int:
        total = 0
        for segment in self._segments():
            if segment < self._segment:
                continue
            with open(self._file(segment), "rb") as file:
                if segment == self._segment:
                    file.seek(self._offset)
                while True:
                    data = file.read(1 << 20)
                    if not data:
                        break
                    total += data.count(b"\n")
        return total

    def _segments(self) -> Dict[int, int]:
        names = [name for name in os.listdir(self.path) if name.endswith(".log")]
        return {int(name[:-4]): os.path.getsize(os.path.join(self.path, name)) for name in names}

    def _size(self, segment: int) -> int:
        try:
            return os.path.getsize(self._file(segment))
        except OSError:
            return 0

    def _unlink(self, segment: int) -> None:
        try:
            os.unlink(self._file(segment))
        except OSError:
            pass

    def _file(self, segment: int) -> str:
        return os.path.join(self.path, f"{segment:012d}.log")
