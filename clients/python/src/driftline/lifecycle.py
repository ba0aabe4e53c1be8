"""The end of the process, and its forks: what is queued is sent, and a child starts anew."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import weakref
from types import FrameType
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from .client import Client

_clients: "weakref.WeakSet[Client]" = weakref.WeakSet()
_installed_in: Optional[int] = None
_handles_sigterm = False


def watch(client: "Client") -> None:
    """Close this client when the process ends."""
    _clients.add(client)
    prepare()


def prepare() -> None:
    """Be told of the end of this process. The earlier the better: only the main thread may install a signal handler, and the
    first prediction is often made in another one."""
    global _installed_in
    _on_sigterm()
    if _installed_in == os.getpid():
        return
    first = _installed_in is None
    _installed_in = os.getpid()
    if first:
        atexit.register(close_all)
    if "multiprocessing.util" in sys.modules:
        # Its child processes end without running what is registered at exit; this is what they run.
        sys.modules["multiprocessing.util"].Finalize(None, close_all, exitpriority=100)


def close_all() -> None:
    """Send what waits in every client, for as long as each one's ``exit_timeout``."""
    for client in list(_clients):
        client.close()


def _on_sigterm() -> None:
    """By default SIGTERM ends Python at once. A handler that somebody else installed ends it by the regular way."""
    global _handles_sigterm
    if _handles_sigterm or threading.current_thread() is not threading.main_thread():
        return
    _handles_sigterm = True
    try:
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _terminate)
    except (ValueError, OSError):
        pass


def _terminate(number: int, frame: Optional[FrameType]) -> None:
    # The main thread may be anywhere, a lock in hand: only what takes none is done here.
    for client in list(_clients):
        client._worker.flush(client.settings.exit_timeout, or_spooled=True)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _in_child() -> None:
    for client in list(_clients):
        client._forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
