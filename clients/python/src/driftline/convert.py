"""Values to JSON: what each kind of value becomes, and what is counted because JSON cannot carry it.

``snapshot`` runs in the model's call and only makes sure that a value cannot change afterwards; ``to_json`` and
``encode`` run in the background.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import decimal
import enum
import json
import math
from collections.abc import Mapping
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

#: Arrays of more elements are described instead of kept; nested arrays count as one.
MAX_ELEMENTS = 1000
#: Objects within one another; what lies deeper is cut.
MAX_DEPTH = 16
#: The largest integer that a JSON number carries exactly.
SAFE_INTEGER = 9007199254740991
#: Text that stands for an object of an unknown kind is cut to this.
MAX_TEXT = 1000
#: Arrays of numpy up to this many bytes are copied in the call.
_COPY_BYTES = 1 << 20

#: Arrays within one another at the most.
_MAX_NESTED = 100

_PLAIN = frozenset((str, int, float, bool, type(None)))
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode

#: Called with the name of a counter: ``nonfinite``, ``summarized``, ``stringified`` or ``cut``.
Note = Callable[[str], None]


def snapshot(value: Any, depth: int = 0) -> Any:
    """A value that later changes of the given one do not reach. Scalars are kept as they are."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        for inner in value.values():
            if type(inner) not in _PLAIN:
                break
        else:
            return value.copy()
        if depth > MAX_DEPTH:
            return value
        return {key: snapshot(inner, depth + 1) for key, inner in value.items()}
    if kind is list or kind is tuple:
        if len(value) > MAX_ELEMENTS or depth > MAX_DEPTH:
            return value[:]
        return [snapshot(inner, depth + 1) for inner in value]
    if kind is bytearray:
        return bytes(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, Mapping):
        return snapshot(dict(value), depth)
    if hasattr(value, "nbytes") and getattr(value, "ndim", None) and hasattr(value, "copy"):
        return value.copy() if value.nbytes <= _COPY_BYTES else value
    if kind.__module__.startswith("pandas.") and hasattr(value, "copy"):
        return value.copy()
    return value


def encode(value: Any) -> str:
    """JSON text of a value that ``to_json`` made."""
    return _encode(value)


def to_bytes(text: str) -> bytes:
    """UTF-8; a surrogate that stands alone becomes U+FFFD."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode("utf-8")


def to_json(value: Any, note: Note, depth: int = 0) -> Any:
    """The value as JSON has it. Never raises; what cannot be kept is counted through ``note``."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is float:
        if math.isfinite(value):
            return value
        note("nonfinite")
        return None
    if kind is int:
        return value if -SAFE_INTEGER <= value <= SAFE_INTEGER else str(value)
    if kind is dict:
        return _object(value, note, depth)
    if kind is list or kind is tuple:
        return _array(value, note, depth)
    try:
        return _other(value, note, depth)
    except Exception:  # whatever the value's own methods do, the model must not notice
        note("stringified")
        return f"<{kind.__name__}>"


def _object(value: Dict[Any, Any], note: Note, depth: int) -> Any:
    if depth >= MAX_DEPTH:
        note("cut")
        return None
    result: Dict[str, Any] = {}
    for key, inner in value.items():
        kind = type(inner)
        if kind is float:
            # Only numbers give 0 when taken from themselves.
            if inner - inner != 0.0:
                note("nonfinite")
                inner = None
        elif not (kind is str or kind is bool or inner is None):
            inner = to_json(inner, note, depth + 1)
        result[key if type(key) is str else _key(key)] = inner
    return result


def _key(key: Any) -> str:
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, enum.Enum):
        return _key(key.value)
    return str(key)


def _array(value: Any, note: Note, depth: int) -> Any:
    # An array is no object: it adds no level, but one within another cannot go on for ever.
    if _too_many(value, MAX_ELEMENTS):
        note("summarized")
        return _summary(value)
    return [to_json(inner, note, depth) for inner in value]


def _too_many(value: Any, most: int) -> bool:
    """Whether there are more elements than ``most``, those of nested arrays included. Arrays within one another count
    too, so that one that holds itself is found."""
    left = most
    stack = [iter(value)]
    while stack:
        for inner in stack[-1]:
            if isinstance(inner, (list, tuple)):
                if len(stack) > _MAX_NESTED:
                    return True
                stack.append(iter(inner))
                break
            left -= 1
            if left < 0:
                return True
        else:
            stack.pop()
    return False


def _summary(value: Any) -> Dict[str, Any]:
    count = 0
    numbers: List[float] = []
    plain = True
    for inner in _leaves(value):
        count += 1
        if isinstance(inner, (int, float)) and not isinstance(inner, bool):
            if math.isfinite(inner):
                numbers.append(inner)
        else:
            plain = plain and inner is None
    if not plain or not numbers:
        return {"length": count}
    mean = math.fsum(numbers) / len(numbers)
    return {"length": count, "min": min(numbers), "max": max(numbers), "mean": mean}


def _leaves(value: Any, limit: int = 10_000_000) -> Iterable[Any]:
    stack = [iter(value)]
    while stack and limit > 0 and len(stack) <= _MAX_NESTED:
        for inner in stack[-1]:
            if isinstance(inner, (list, tuple)):
                stack.append(iter(inner))
                break
            limit -= 1
            yield inner
        else:
            stack.pop()


def _other(value: Any, note: Note, depth: int) -> Any:
    if isinstance(value, enum.Enum):
        return to_json(value.value, note, depth)
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return to_json(int(value), note, depth)
    if isinstance(value, float):
        return to_json(float(value), note, depth)
    if isinstance(value, decimal.Decimal):
        return to_json(float(value) if value.is_finite() else math.nan, note, depth)
    if isinstance(value, dt.datetime):
        return _time(value, note)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return to_json(value.total_seconds(), note, depth)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return _object(dict(value), note, depth)
    if isinstance(value, (set, frozenset)):
        return _array(list(value), note, depth)
    if isinstance(value, (list, tuple)):
        fields = getattr(value, "_asdict", None)
        return _object(fields(), note, depth) if callable(fields) else _array(list(value), note, depth)
    foreign = _foreign(value, note, depth)
    if foreign is not _UNKNOWN:
        return foreign
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return _object({name: getattr(value, name) for name in names}, note, depth)
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        return to_json(dump(), note, depth)
    if type(value).__module__ in ("uuid", "pathlib", "ipaddress", "pathlib._local"):
        return str(value)
    note("stringified")
    return str(value)[:MAX_TEXT]


_UNKNOWN = object()


def _foreign(value: Any, note: Note, depth: int) -> Any:
    """Values of numpy, pandas and libraries like them, without importing any."""
    name = type(value).__name__
    if name == "NAType":
        return None
    if name == "datetime64":
        ms = value.astype("datetime64[ms]").astype("int64").item()
        if str(value) == "NaT":
            return to_json(math.nan, note, depth)
        return _iso(dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=ms))
    if name == "DataFrame" and hasattr(value, "to_dict"):
        if value.size > MAX_ELEMENTS:
            note("summarized")
            return {"length": int(value.size)}
        return _array(value.to_dict("records"), note, depth)
    if not hasattr(value, "tolist"):
        return _UNKNOWN
    shape: Tuple[int, ...] = tuple(getattr(value, "shape", ()))
    if math.prod(shape) <= MAX_ELEMENTS:
        plain = value.tolist()
        # A scalar that gives itself back has no plain form.
        return _UNKNOWN if type(plain) is type(value) else to_json(plain, note, depth)
    note("summarized")
    return _described(value, math.prod(shape))


def _described(value: Any, count: int) -> Dict[str, Any]:
    kind: Optional[str] = getattr(getattr(value, "dtype", None), "kind", None)
    if kind in ("i", "u", "f"):
        import sys

        numpy = sys.modules["numpy"]
        finite = value[numpy.isfinite(value)] if kind == "f" else value
        if finite.size:
            mean = float(finite.mean(dtype="float64"))
            return {"length": count, "min": finite.min().item(), "max": finite.max().item(), "mean": mean}
    return {"length": count}


def _time(value: dt.datetime, note: Note) -> Optional[str]:
    if value != value:  # pandas.NaT
        note("nonfinite")
        return None
    if value.tzinfo is not None:
        value = value.astimezone(dt.timezone.utc)
    return _iso(value)


def _iso(value: dt.datetime) -> str:
    return value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def number(value: Any, note: Note) -> Optional[float]:
    """A finite number for ``metrics``; None, counted, for anything else. Booleans are 0 and 1."""
    if isinstance(value, bool):
        return int(value)
    plain = to_json(value, note)
    if isinstance(plain, bool):
        return int(plain)
    if isinstance(plain, (int, float)):
        return plain
    if plain is not None:
        note("cut")
    return None


def text(value: Any, note: Note) -> Optional[str]:
    """Text for a tag; None for a missing value."""
    plain = value if type(value) is str else to_json(value, note)
    if plain is None or type(plain) is str:
        return plain
    return _encode(plain)


def epoch_ms(value: Any) -> int:
    """Epoch milliseconds of a number of them, a datetime (without a zone: UTC), or ISO 8601.

    :raises ValueError: for anything else.
    """
    if isinstance(value, bool) or value is None:
        raise ValueError(f"not a time: {value!r}")
    if isinstance(value, (int, float)):
        return round(value)
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith(("Z", "z")) else value)
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=dt.timezone.utc)
        return round(moment.timestamp() * 1000)
    if isinstance(value, dt.date):
        return round(dt.datetime(value.year, value.month, value.day, tzinfo=dt.timezone.utc).timestamp() * 1000)
    if type(value).__name__ == "datetime64":
        return int(value.astype("datetime64[ms]").astype("int64"))
    raise ValueError(f"not a time: {value!r}")
