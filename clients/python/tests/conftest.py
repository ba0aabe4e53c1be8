"""Fixtures: one service for all tests that only read and write, clients that are closed, and a clean environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import driftline  # noqa: E402
from service import Service, Sink  # noqa: E402


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith("DRIFTLINE_"):
            monkeypatch.delenv(name)
    yield
    if driftline._client is not None:
        driftline._client.close(0)
        driftline._client = None


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    running = Service().start()
    yield running
    running.close()


@pytest.fixture()
def sink() -> Iterator[Sink]:
    running = Sink()
    yield running
    running.close()


@pytest.fixture()
def client(sink: Sink) -> Iterator[Callable[..., driftline.Client]]:
    """Makes clients of the sink."""
    made: List[driftline.Client] = []

    def make(**settings: Any) -> driftline.Client:
        made.append(driftline.Client(**{"url": sink.url, "heartbeat": 0, "linger": 0.01, "max_backoff": 0.2, "gzip": True, **settings}))
        return made[-1]

    yield make
    for one in made:
        one.close(0)
