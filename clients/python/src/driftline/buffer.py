"""Encoded records on their way to the service: in memory, in order, until they are acknowledged."""

from __future__ import annotations

import threading
from collections import deque
from typing import Deque, List, NamedTuple, Optional

#: What one request holds at the most, before compression.
MAX_BYTES = 4 << 20


class Batch(NamedTuple):
    """Lines for one route. ``token`` is how the buffer finds them again; other parts are for the sender."""

    route: str
    lines: List[bytes]
    token: object


class MemoryBuffer:
    """Lines in memory. ``count`` is how many wait or are being sent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: Deque[tuple[str, bytes]] = deque()
        self.count = 0

    def append(self, route: str, lines: List[bytes]) -> None:
        with self._lock:
            self._lines.extend((route, line) for line in lines)
            self.count += len(lines)

    def peek(self, most: int) -> Optional[Batch]:
        """The oldest lines of one route; they stay until ``ack``. Only one batch is out at a time."""
        with self._lock:
            if not self._lines:
                return None
            route = self._lines[0][0]
            lines: List[bytes] = []
            size = 0
            for other, line in self._lines:
                if other != route or len(lines) == most or (lines and size + len(line) > MAX_BYTES):
                    break
                lines.append(line)
                size += len(line)
            return Batch(route, lines, len(lines))

    def only(self, route: str) -> bool:
        """Whether there are no lines of other routes. Without the lock: a guess while others write."""
        return all(entry[0] == route for entry in list(self._lines))

    def discard(self, route: str) -> None:
        """Forget the lines of a route. Only when nobody sends any more."""
        with self._lock:
            self._lines = deque(entry for entry in self._lines if entry[0] != route)
            self.count = len(self._lines)

    def ack(self, batch: Batch) -> None:
        """Forget a batch: it is stored, or will never be."""
        with self._lock:
            for _ in batch.lines:
                self._lines.popleft()
            self.count = len(self._lines)
