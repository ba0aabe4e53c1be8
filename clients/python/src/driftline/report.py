"""What a client says of itself: counters, and one log line for each kind of trouble."""

from __future__ import annotations

import logging
import threading
import time
from typing import Dict, Set

logger = logging.getLogger("driftline")

#: The counters of ``Client.stats()``.
COUNTERS = (
    "tracked",
    "sent",
    "accepted",
    "rejected",
    "dropped",
    "retries",
    "failures",
    "nonfinite",
    "summarized",
    "stringified",
    "cut",
    "spool_errors",
    "internal_errors",
)

#: A kind of trouble that went away and came back is told again after this many seconds.
_AGAIN = 600.0
_VALUES = {
    "nonfinite": "NaN or infinity was tracked; it is kept as a missing value",
    "summarized": "an array of more than 1,000 elements was tracked; its length, minimum, maximum and mean are kept",
    "stringified": "an object of an unknown kind was tracked; its text is kept",
    "cut": "a value was tracked that cannot be kept (objects deeper than 16 levels, a metric that is no number); it is left out",
}


class Report:
    """Counters and log lines of one client; thread-safe."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._lock = threading.Lock()
        self._counts: Dict[str, int] = dict.fromkeys(COUNTERS, 0)
        self._open: Set[str] = set()
        self._told: Dict[str, float] = {}

    def count(self, name: str, n: int = 1) -> None:
        with self._lock:
            self._counts[name] += n

    def note(self, name: str) -> None:
        """Count a value that was not kept as it was; the first of a kind is told."""
        self.count(name)
        self.tell(name, _VALUES[name])

    def counts(self) -> Dict[str, int]:
        with self._lock:
            return dict(self._counts)

    def tell(self, kind: str, message: str) -> None:
        """Log a kind of trouble once: again only after it went away (``resolve``), and not within ten minutes."""
        now = time.monotonic()
        with self._lock:
            if kind in self._open:
                return
            self._open.add(kind)
            if now - self._told.get(kind, -_AGAIN) < _AGAIN:
                return
            self._told[kind] = now
        logger.warning("driftline: %s. Further cases are only counted (see Client.stats()).", message)

    def resolve(self, *kinds: str) -> bool:
        """Trouble that went away; whether there was any."""
        with self._lock:
            gone = self._open.intersection(kinds)
            self._open.difference_update(gone)
        return bool(gone)
