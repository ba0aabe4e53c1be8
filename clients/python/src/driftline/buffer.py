"""Encoded records on their way to the service: in memory, in order within a route, until they are acknowledged."""

from __future__ import annotations

import threading
from collections import deque
from itertools import islice
from typing import Deque, Dict, List, NamedTuple, Optional

#: What one request holds at the most, before compression.
MAX_BYTES = 4 << 20


class Batch(NamedTuple):
    """Lines for one route. ``token`` is the buffer's own."""

    route: str
    lines: List[bytes]
    token: object


class MemoryBuffer:
    """Lines in memory. ``count`` is how many wait or are being sent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: Dict[str, Deque[bytes]] = {}
        self.count = 0

    def append(self, route: str, lines: List[bytes]) -> None:
        with self._lock:
            self._lines.setdefault(route, deque()).extend(lines)
            self.count += len(lines)

    def peek(self, most: int) -> Optional[Batch]:
        """The oldest lines of a route; they stay until ``ack``. Only one batch is out at a time."""
        with self._lock:
            for route, waiting in self._lines.items():
                if not waiting:
                    continue
                lines: List[bytes] = []
                size = 0
                for line in islice(waiting, most):
                    if lines and size + len(line) > MAX_BYTES:
                        break
                    lines.append(line)
                    size += len(line)
                # To the end of the line: no route waits for another one to be empty.
                self._lines[route] = self._lines.pop(route)
                return Batch(route, lines, None)
        return None

    def only(self, route: str) -> bool:
        """Whether there are no lines of other routes."""
        return all(not waiting for name, waiting in list(self._lines.items()) if name != route)

    def discard(self, route: str) -> None:
        """Forget the lines of a route. Only when nobody sends any more."""
        with self._lock:
            self.count -= len(self._lines.pop(route, ()))

    def ack(self, batch: Batch) -> None:
        """Forget a batch: it is stored, or will never be."""
        with self._lock:
            waiting = self._lines[batch.route]
            for _ in batch.lines:
                waiting.popleft()
            self.count -= len(batch.lines)
