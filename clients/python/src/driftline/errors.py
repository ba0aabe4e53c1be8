"""Errors of calls that ask the service something. Tracking raises none of them."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional


class DriftlineError(Exception):
    """The service refused a call or could not be reached. ``status`` is 0 where there was no answer."""

    def __init__(self, message: str, status: int = 0, code: str = "", errors: Optional[List[Mapping[str, Any]]] = None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.errors = errors or []
