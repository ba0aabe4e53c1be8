"""Settings of a client: what is passed, else what the environment says, else a default."""

from __future__ import annotations

import dataclasses
import os
import socket
from typing import Any, Mapping, Optional
from urllib.parse import urlsplit

#: What happens to a prediction when the queue is full.
POLICIES = ("drop", "block")


@dataclasses.dataclass(frozen=True)
class Settings:
    """See ``Client`` for what each one means. Times in seconds."""

    url: str = "http://127.0.0.1:8080"
    api_key: Optional[str] = None
    model: Optional[str] = None
    version: Optional[str] = None
    deployment: Optional[str] = None
    replica: Optional[str] = None
    model_deployment_crn: Optional[str] = None
    spool: Optional[str] = None
    spool_max_bytes: int = 1 << 30
    spool_sync: bool = False
    spool_fsync: bool = False
    on_full: str = "drop"
    queue_size: int = 50_000
    batch_size: int = 5_000
    linger: float = 0.05
    timeout: float = 30.0
    max_backoff: float = 10.0
    heartbeat: float = 10.0
    exit_timeout: float = 5.0
    ca_file: Optional[str] = None
    gzip: Optional[bool] = None
    disabled: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url: expected http://host:port or https://host, not {self.url!r}")
        if self.on_full not in POLICIES:
            raise ValueError(f"on_full: expected one of {', '.join(POLICIES)}, not {self.on_full!r}")
        for name in ("queue_size", "batch_size", "spool_max_bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, not {getattr(self, name)!r}")


#: Settings that the environment may give, with their names there.
ENVIRONMENT: Mapping[str, str] = {
    "url": "DRIFTLINE_URL",
    "api_key": "DRIFTLINE_API_KEY",
    "model": "DRIFTLINE_MODEL",
    "version": "DRIFTLINE_VERSION",
    "deployment": "DRIFTLINE_DEPLOYMENT",
    "replica": "DRIFTLINE_REPLICA",
    "model_deployment_crn": "DRIFTLINE_MODEL_DEPLOYMENT_CRN",
    "spool": "DRIFTLINE_SPOOL",
    "ca_file": "DRIFTLINE_CA_FILE",
    "disabled": "DRIFTLINE_DISABLED",
}


def load(given: Mapping[str, Any]) -> Settings:
    """Settings from arguments (None: not given) and the environment.

    :raises ValueError: for a setting that makes no sense, which is a mistake to show at start and not later.
    :raises TypeError: for one that does not exist.
    """
    known = {field.name for field in dataclasses.fields(Settings)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise TypeError(f"there is no setting {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    values = {name: value for name, value in given.items() if value is not None}
    for name, variable in ENVIRONMENT.items():
        text = os.environ.get(variable, "")
        if name in values or text == "":
            continue
        values[name] = text.lower() in ("1", "true", "yes", "on") if name == "disabled" else text
    return Settings(**values)


def replica_name(settings: Settings) -> str:
    """The name under which this process reports: a pod's name already tells replicas apart, its processes do not."""
    return settings.replica or f"{socket.gethostname()}:{os.getpid()}"
