"""CPU time and memory of this process, without anything but the standard library."""

from __future__ import annotations

import os
import sys
import time
from typing import Optional

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def memory_bytes() -> Optional[int]:
    """Resident memory; on systems without ``/proc`` the most it ever was; None where neither is known."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most if sys.platform == "darwin" else most * 1024)


def cpu_ms() -> float:
    """CPU time of the process so far, in milliseconds."""
    return time.process_time() * 1000
