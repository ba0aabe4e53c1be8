"""The examples of the README and of the guide for people who come from Cloudera run, and print what they say they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import List, Tuple

import pytest

from service import ROOT, Service

BLOCK = re.compile(r"^```python run\n(.*?)^```\n(?:\n```text output\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)


def examples() -> List[Tuple[str, str, str]]:
    found = []
    for name in ("clients/python/README.md", "docs/cloudera.md"):
        for match in BLOCK.finditer((ROOT / name).read_text("utf-8")):
            found.append((f"{name}:{match.string[: match.start()].count(chr(10)) + 1}", match[1], match[2] or ""))
    return found


@pytest.mark.parametrize(("where", "code", "output"), examples(), ids=[where for where, _, _ in examples()])
def test_an_example_runs_and_prints_what_it_says(where: str, code: str, output: str, service: Service) -> None:
    environment = {**os.environ, "DRIFTLINE_URL": service.url}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == output


def test_every_example_is_found() -> None:
    assert len(examples()) >= 5
