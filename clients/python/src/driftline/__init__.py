"""What model code imports: tracks predictions, ground truth and metrics in Driftline, and never slows or breaks the model.

The functions of this module use one client, made at the first call from the environment or by ``configure``.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, Optional, TypeVar

from ._version import __version__
from .client import Client, default_client
from .errors import DriftlineError
from .ids import resolve_id
from .reading import Rows
from .recording import Decorator, Recording, Tags

F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "Client", "DriftlineError", "Recording", "Rows", "__version__", "close", "configure", "flush", "get_client", "metrics", "model",
    "prediction", "predictions", "read_metrics", "resolve_id", "stats", "track", "track_aggregate_metrics", "track_delayed_metrics",
    "track_ground_truth", "track_ground_truths", "track_metric", "track_tag",
]  # fmt: skip

_lock = threading.Lock()
_client: Optional[Client] = None


def configure(**settings: Any) -> Client:
    """Make the client that this module's functions use; see ``Client`` for the settings. One made before is closed.

    :raises ValueError: for a setting that makes no sense.
    """
    global _client
    client = Client(**settings)
    with _lock:
        before, _client = _client, client
    if before is not None:
        before.close()
    return client


def get_client() -> Client:
    """The client that this module's functions use."""
    global _client
    if _client is None:
        with _lock:
            if _client is None:
                _client = default_client({})
    return _client


def model(
    name: str, version: Optional[str] = None, *, deployment: Optional[str] = None, tags: Tags = None,
    prediction_id: Optional[Callable[..., Any]] = None,
) -> Callable[[F], F]:  # fmt: skip
    """See ``Client.model``. The client is looked up at each call, so that it may be configured later."""
    return Decorator(get_client, name, version, deployment, tags, prediction_id).wrap


def prediction(name: str, version: Optional[str] = None, **more: Any) -> Recording:
    """See ``Client.prediction``."""
    return get_client().prediction(name, version, **more)


def track(inputs: Any = None, outputs: Any = None, **more: Any) -> str:
    """See ``Client.track``."""
    return get_client().track(inputs, outputs, **more)


def track_metric(key: str, value: Any) -> str:
    """See ``Client.track_metric``."""
    return get_client().track_metric(key, value)


def track_tag(key: str, value: Any) -> str:
    """See ``Client.track_tag``."""
    return get_client().track_tag(key, value)


def track_ground_truth(prediction_id: str, values: Any, **more: Any) -> None:
    """See ``Client.track_ground_truth``."""
    get_client().track_ground_truth(prediction_id, values, **more)


def track_ground_truths(source: Any, **more: Any) -> Any:
    """See ``Client.track_ground_truths``."""
    return get_client().track_ground_truths(source, **more)


def track_delayed_metrics(metrics: Any, prediction_uuid: str, **more: Any) -> None:
    """See ``Client.track_delayed_metrics``."""
    get_client().track_delayed_metrics(metrics, prediction_uuid, **more)


def track_aggregate_metrics(metrics: Any, start: Any, end: Any, **more: Any) -> None:
    """See ``Client.track_aggregate_metrics``."""
    get_client().track_aggregate_metrics(metrics, start, end, **more)


def read_metrics(*args: Any, **more: Any) -> Any:
    """See ``Client.read_metrics``."""
    return get_client().read_metrics(*args, **more)


def predictions(model: str, **filters: Any) -> Rows:
    """See ``Client.predictions``."""
    return get_client().predictions(model, **filters)


def metrics(model: str, **filters: Any) -> Rows:
    """See ``Client.metrics``."""
    return get_client().metrics(model, **filters)


def flush(timeout: Optional[float] = None) -> bool:
    """See ``Client.flush``."""
    return get_client().flush(timeout)


def close(timeout: Optional[float] = None) -> bool:
    """See ``Client.close``."""
    return get_client().close(timeout)


def stats() -> Any:
    """See ``Client.stats``."""
    return get_client().stats()
