"""Which deployment this process serves, and the store of ``dev=True``: in memory, gone with the process."""

from __future__ import annotations

import threading
import time
from typing import Any, Dict, List, Mapping, Optional
from urllib.parse import quote

from ..client import Client
from ..convert import snapshot, to_json

DEV_PREFIX = "crn:cdp:ml:::workspace:dev"
DEV_DEPLOYMENT = f"{DEV_PREFIX}/model-deployment"
DEV_BUILD = f"{DEV_PREFIX}/model-build"
DEV_MODEL = f"{DEV_PREFIX}/model"


def deployment_crn(client: Client) -> Optional[str]:
    """The deployment that this process serves: a CRN of its own, or one made of the model's name; None in a session."""
    settings = client.settings
    if settings.model_deployment_crn is not None:
        return settings.model_deployment_crn
    if settings.model is None:
        return None
    names = (settings.model, settings.version or "unversioned", settings.deployment or "")
    return "crn:driftline:ml:::workspace:local/deployment@" + "@".join(quote(name, safe="!~*'()") for name in names)


def now_ms() -> int:
    return int(time.time() * 1000)


class DevStore:
    """Predictions and aggregates of this process; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._predictions: Dict[str, Dict[str, Any]] = {}
        self._parked: Dict[str, Dict[str, Any]] = {}
        self._aggregates: List[Dict[str, Any]] = []

    def track(self, uuid: str, start: int, end: int, metrics: Mapping[str, Any]) -> None:
        with self._lock:
            merged = {**_plain(metrics), **self._parked.pop(uuid, {})}
            self._predictions[uuid] = _row(start, end, uuid, merged)

    def delay(self, uuid: str, metrics: Mapping[str, Any]) -> None:
        with self._lock:
            row = self._predictions.get(uuid)
            target = self._parked.setdefault(uuid, {}) if row is None else row["metrics"]
            target.update(_plain(metrics))

    def aggregate(self, start: int, end: int, metrics: Mapping[str, Any]) -> None:
        with self._lock:
            self._aggregates.append(_row(start, end, "", _plain(metrics)))

    def read(self, start: int, end: int) -> Dict[str, Any]:
        with self._lock:
            groups = (list(self._predictions.values()), list(self._aggregates))
        rows: List[Dict[str, Any]] = []
        for group in groups:
            inside = [row for row in group if start <= row["startTimeStampMs"] <= end]
            rows.extend(sorted(inside, key=lambda row: int(row["startTimeStampMs"])))
        return {"metrics": [{**row, "metrics": snapshot(row["metrics"])} for row in rows]}

    def clear(self) -> None:
        with self._lock:
            self._predictions.clear()
            self._parked.clear()
            self._aggregates.clear()


def _plain(metrics: Mapping[str, Any]) -> Dict[str, Any]:
    plain: Dict[str, Any] = to_json(dict(metrics), lambda _: None)
    return plain


def _row(start: int, end: int, uuid: str, metrics: Dict[str, Any]) -> Dict[str, Any]:
    return {
        "modelDeploymentCrn": DEV_DEPLOYMENT, "modelBuildCrn": DEV_BUILD, "modelCrn": DEV_MODEL,
        "startTimeStampMs": start, "endTimeStampMs": end, "predictionUuid": uuid, "metrics": metrics,
    }  # fmt: skip


dev_store = DevStore()
