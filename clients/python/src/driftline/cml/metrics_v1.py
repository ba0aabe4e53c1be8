"""``cml.metrics_v1``: the same functions with the same arguments."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from .. import get_client
from ..convert import snapshot
from ..encoder import TRACK_AGGREGATES, TRACK_DELAYED, Plain
from ..recording import current
from ._state import deployment_crn, dev_store, now_ms

__all__ = ["read_metrics", "track_aggregate_metrics", "track_delayed_metrics", "track_metric"]


def track_metric(key: str, value: Any) -> None:
    """Put ``key: value`` into the metrics of the prediction that is being made. The last call of a key wins.

    Outside of a function that ``models_v1.cml_model(metrics=True)`` decorates it does nothing.
    """
    recording = current.get()
    if recording is not None:
        recording.track_metric(key, value)


def track_delayed_metrics(metrics: Mapping[str, Any], prediction_uuid: str, dev: bool = False) -> None:
    """Merge metrics into those of a prediction that was made before, or will be.

    Sent in the background; ``read_metrics`` waits for it.

    :param metrics: of any kind; the last value of a key wins.
    :param prediction_uuid: ``response["uuid"]`` of the model's answer.
    :param dev: in memory of this process only.
    """
    if dev:
        dev_store.delay(prediction_uuid, metrics)
        return
    client = get_client()
    document = {"predictionUuid": str(prediction_uuid), "metrics": snapshot(dict(metrics))}
    client._put(Plain(TRACK_DELAYED, document))


def track_aggregate_metrics(
    metrics: Mapping[str, Any], start_timestamp_ms: int, end_timestamp_ms: int, model_deployment_crn: Optional[str] = None, dev: bool = False
) -> None:
    """Store metrics over a range of time, ends included; they belong to no prediction.

    :param model_deployment_crn: the deployment; in a model's own process, its own by default.
    :raises ValueError: where no deployment is known, or the range runs backwards.
    """
    start, end = int(start_timestamp_ms), int(end_timestamp_ms)
    if start > end:
        raise ValueError("start_timestamp_ms must not be after end_timestamp_ms")
    if dev:
        dev_store.aggregate(start, end, metrics)
        return
    client = get_client()
    crn = model_deployment_crn or deployment_crn(client)
    if crn is None:
        raise ValueError("pass model_deployment_crn: this process serves no deployment")
    document = {"modelDeploymentCrn": crn, "startTimestampMs": start, "endTimestampMs": end, "metrics": snapshot(dict(metrics))}
    client._put(Plain(TRACK_AGGREGATES, document))


def read_metrics(
    model_deployment_crn: Optional[str] = None, start_timestamp_ms: Optional[int] = None, end_timestamp_ms: Optional[int] = None,
    model_crn: Optional[str] = None, model_build_crn: Optional[str] = None, dev: bool = False,
) -> Dict[str, Any]:  # fmt: skip
    """Everything tracked for a deployment, a build or a model: ``{"metrics": [...]}``, predictions by their start, then
    aggregates. A row counts where it starts; both ends of the range belong to it.

    :param start_timestamp_ms: 0 by default.
    :param end_timestamp_ms: now by default.
    :raises driftline.DriftlineError: where the service cannot be reached or refuses.
    """
    start = 0 if start_timestamp_ms is None else int(start_timestamp_ms)
    end = now_ms() if end_timestamp_ms is None else int(end_timestamp_ms)
    if dev:
        return dev_store.read(start, end)
    client = get_client()
    if model_deployment_crn is None and model_crn is None and model_build_crn is None:
        model_deployment_crn = deployment_crn(client)
    return client.read_metrics(model_deployment_crn, start, end, model_crn, model_build_crn)
