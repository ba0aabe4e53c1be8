"""Lines of one route on disk, appended at one end and acknowledged at the other.

They stand in segments, ``v1_predictions.000000000001.log`` and so on; ``v1_predictions.cursor`` says how far the service has
acknowledged them. A segment that is behind the cursor is removed.
"""

from __future__ import annotations

import os
from typing import Dict, List, Optional, Tuple

from .buffer import MAX_BYTES

#: A segment is not appended to beyond this.
SEGMENT_BYTES = 8 << 20
_SEGMENT = ".log"
_CURSOR = ".cursor"


def _slug(route: str) -> str:
    return route.strip("/").replace("/", "_")


def route_of(name: str) -> Optional[str]:
    """The route whose segment a file is; None for any other file."""
    if not name.endswith(_SEGMENT):
        return None
    return "/" + name[: -len(_SEGMENT)].rpartition(".")[0].replace("_", "/")


class Stream:
    """One route. ``count`` lines and ``bytes`` are not acknowledged. Used under the spool's lock."""

    def __init__(self, folder: str, route: str) -> None:
        self._base = os.path.join(folder, _slug(route))
        self._fd: Optional[int] = None
        self._segment, self._offset = self._read_cursor()
        segments = self._segments()
        self._last = max(segments, default=0)
        for segment in [one for one in segments if one < self._segment]:
            self._unlink(segment)
        self.bytes = max(0, sum(self._segments().values()) - self._offset)
        self.count = self._count_lines()

    def append(self, body: bytes, lines: int, fsync: bool) -> None:
        """Write whole lines, or none. :raises OSError: for none."""
        fd = self._writable()
        before = os.fstat(fd).st_size
        try:
            written = 0
            while written < len(body):
                written += os.write(fd, body[written:])
            if fsync:
                os.fsync(fd)
        except OSError:
            os.ftruncate(fd, before)
            raise
        self.bytes += len(body)
        self.count += lines

    def peek(self, most: int) -> Tuple[List[bytes], int]:
        """The oldest lines, and how many bytes they take in the file."""
        while self.count > 0:
            data = self._read()
            end = data.rfind(b"\n") + 1
            if end > 0:
                lines = data[:end].split(b"\n", most)[:most]
                if lines[-1] == b"":
                    lines.pop()
                return lines, sum(map(len, lines)) + len(lines)
            # What follows the last newline is half a line of a crash: nobody was told that it is kept.
            if self._segment >= self._last:
                break
            self._next_segment()
        return [], 0

    def ack(self, lines: int, size: int) -> None:
        """Go on behind lines that ``peek`` gave."""
        self._offset += size
        self.bytes -= size
        self.count -= lines
        self._write_cursor()

    def close(self) -> None:
        """Give up the descriptor."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

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
        segments = self._segments()
        self.bytes -= max(0, segments.get(done, 0) - self._offset)
        later = [segment for segment in segments if segment > done]
        self._segment, self._offset = min(later, default=done + 1), 0
        self._write_cursor()
        self._unlink(done)

    def _writable(self) -> int:
        if self._fd is not None and os.fstat(self._fd).st_size < SEGMENT_BYTES:
            return self._fd
        fd = os.open(self._file(self._last + 1), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.close()
        self._fd = fd
        self._last += 1
        return fd

    def _read_cursor(self) -> Tuple[int, int]:
        try:
            with open(self._base + _CURSOR, "rb") as file:
                segment, offset = file.read().split()
                return int(segment), int(offset)
        except (OSError, ValueError):
            return min(self._segments(), default=1), 0

    def _write_cursor(self) -> None:
        # Of one length, so that a later cursor replaces an earlier one whole.
        try:
            fd = os.open(self._base + _CURSOR, os.O_WRONLY | os.O_CREAT, 0o600)
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
        folder, base = os.path.split(self._base)
        found: Dict[int, int] = {}
        for name in os.listdir(folder):
            stem = name[len(base) + 1 : -len(_SEGMENT)]
            if name.startswith(base + ".") and name.endswith(_SEGMENT) and stem.isdigit():
                found[int(stem)] = os.path.getsize(os.path.join(folder, name))
        return found

    def _unlink(self, segment: int) -> None:
        try:
            os.unlink(self._file(segment))
        except OSError:
            pass

    def _file(self, segment: int) -> str:
        return f"{self._base}.{segment:012d}{_SEGMENT}"
