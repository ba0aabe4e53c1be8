"""Ids of predictions: new ones as UUIDv7, given ones mapped to the UUID under which the service keeps them."""

from __future__ import annotations

import os
import random
import re
import time
import uuid

#: The namespace of external ids, the same as the service's.
NAMESPACE = uuid.UUID("6f1d3b52-9a0e-5d4c-8b7a-2f6c1e9d0a43")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)

_random = random.Random(os.urandom(32))
_getrandbits = _random.getrandbits
_time_ns = time.time_ns
_LOW = (1 << 62) - 1


def new_id() -> str:
    """A new UUIDv7 (RFC 9562): 48 bits of time in milliseconds, 74 random ones."""
    bits = _getrandbits(74)
    value = (
        (_time_ns() // 1_000_000) << 80 | 7 << 76 | (bits >> 62) << 64 | 1 << 63 | (bits & _LOW)
    )
    text = "%032x" % value
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def resolve_id(given: str) -> str:
    """The UUID under which an id is kept: a UUID as it is, in small letters; any other text as its UUIDv5."""
    if _UUID.fullmatch(given):
        return given.lower()
    return str(uuid.uuid5(NAMESPACE, given))


def _reseed() -> None:
    """A forked process must not make its parent's ids."""
    _random.seed(os.urandom(32))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reseed)
