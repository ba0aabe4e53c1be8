"""``cml.models_v1``: the decorator of model functions, and the call of a deployed model."""

from __future__ import annotations

import functools
import json
import os
import urllib.error
import urllib.request
import uuid
from typing import Any, Callable, Dict, Mapping, Optional

from .. import get_client
from ..convert import snapshot, to_json
from ..encoder import Series
from ..errors import DriftlineError
from ..recording import Recording, current
from ._state import DEV_DEPLOYMENT, deployment_crn, dev_store, now_ms

__all__ = ["call_model", "cml_model"]


def cml_model(function: Optional[Callable[..., Any]] = None, *, metrics: bool = False) -> Any:
    """Decorate a model function, as ``@cml_model`` or ``@cml_model(metrics=True)``.

    With metrics, each call is a prediction: what ``metrics_v1.track_metric`` is given within it is kept, and the function
    returns ``{"model_deployment_crn", "prediction", "uuid"}``. In a session, where no deployment is known, the metrics
    stay in memory as with ``dev=True``.
    """
    if function is None:
        return lambda given: cml_model(given, metrics=metrics)
    if not metrics:
        return function

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Dict[str, Any]:
        client = get_client()
        crn = deployment_crn(client)
        return _in_session(function, args, kwargs) if crn is None else _deployed(crn, function, args, kwargs)

    return call


def _deployed(crn: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Dict[str, Any]:
    recording = _recording(args)
    recording.crn = crn
    recording.start()
    try:
        prediction = function(*args, **kwargs)
    except BaseException as error:
        recording.finish(error)
        raise
    recording.outputs = prediction
    recording.finish(None)
    return {"model_deployment_crn": crn, "prediction": prediction, "uuid": recording.id}


def _in_session(function: Callable[..., Any], args: Any, kwargs: Any) -> Dict[str, Any]:
    recording = _recording(args)
    start = now_ms()
    token = current.set(recording)
    try:
        prediction = function(*args, **kwargs)
    finally:
        current.reset(token)
    dev_store.track(recording.id, start, now_ms(), recording.tracked or {})
    return {"model_deployment_crn": DEV_DEPLOYMENT, "prediction": prediction, "uuid": recording.id}


def _recording(args: Any) -> Recording:
    client = get_client()
    settings = client.settings
    series: Series = (settings.model or "session", settings.version, settings.deployment)
    if settings.model_deployment_crn is not None:
        # Which model that is, is the service's to say: it knows it by the deployment.
        crn = settings.model_deployment_crn
        series = (crn.rpartition("/")[2][:200] or crn[:200], None, crn)
    return Recording(client, series, snapshot(args[0]) if args else None, str(uuid.uuid4()))


def call_model(
    model_access_key: str, ipt: Mapping[str, Any], api_key: Optional[str] = None, timeout: float = 30.0
) -> Dict[str, Any]:
    """Call a deployed model; its answer, ``{"success": true, "response": {...}}``.

    The model service's address is ``DRIFTLINE_MODEL_SERVICE``, or ``https://modelservice.$CDSW_DOMAIN``.

    :param ipt: the request, a mapping.
    :raises ValueError: where ``ipt`` is none, or no address is known.
    :raises driftline.DriftlineError: where the model cannot be reached or refuses (429: it is busy).
    """
    if not isinstance(ipt, Mapping):
        raise ValueError("ipt must be a dict")
    address = os.environ.get("DRIFTLINE_MODEL_SERVICE", "")
    if not address:
        domain = os.environ.get("CDSW_DOMAIN", "")
        if not domain:
            raise ValueError("set DRIFTLINE_MODEL_SERVICE to the address of the model service")
        address = f"https://modelservice.{domain}"
    body = json.dumps({"accessKey": model_access_key, "request": to_json(dict(ipt), lambda _: None)}).encode()
    headers = {"Content-Type": "application/json"}
    if api_key:
        headers["Authorization"] = f"Bearer {api_key}"
    request = urllib.request.Request(f"{address.rstrip('/')}/model", data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            document: Dict[str, Any] = json.loads(answer.read())
            return document
    except urllib.error.HTTPError as error:
        raise DriftlineError(f"{error.code}: {error.read()[:500].decode('utf-8', 'replace')}", error.code) from error
    except OSError as error:
        raise DriftlineError(f"the model service {address} cannot be reached ({error})") from error
