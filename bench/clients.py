"""The Python half of the benchmark of the clients: `clients.py URL` prints what a tracked call costs and how many a second go through."""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from typing import Any, Callable, Dict, List

import driftline

CALLS = 40_000
#: Calls between two pauses: a model answers requests, it does not spin.
BURST = 20
ROWS = 200_000


def features(seed: int) -> Dict[str, Any]:
    """20 numbers and 2 texts, as in the benchmark of ingest."""
    rng = random.Random(seed)
    return {**{f"f{i}": rng.random() * 1000 for i in range(20)}, "carrier": "AA", "origin": f"O{seed % 50}"}


def bare(args: Dict[str, Any]) -> Dict[str, Any]:
    return {"late": args["f0"] > 500, "probability": args["f1"] / 1000}


def tracking(args: Dict[str, Any]) -> Dict[str, Any]:
    driftline.track_metric("margin", 0.25)
    return {"late": args["f0"] > 500, "probability": args["f1"] / 1000}


def microseconds(function: Callable[[Dict[str, Any]], Any], rows: List[Dict[str, Any]]) -> List[float]:
    taken = []
    for i in range(CALLS):
        row = rows[i % len(rows)]
        started = time.perf_counter_ns()
        function(row)
        taken.append((time.perf_counter_ns() - started) / 1000)
        if i % BURST == 0:
            time.sleep(0.001)
    return taken


def main(url: str) -> None:
    rows = [features(i) for i in range(1000)]
    client = driftline.configure(url=url, on_full="block", queue_size=20_000)
    tracked = driftline.model("clients", "python")(tracking)
    for row in rows:
        tracked(row)
    client.flush(60)
    plain = microseconds(bare, rows)
    decorated = microseconds(tracked, rows)
    client.flush(60)
    explicit = driftline.model("clients", "throughput")(bare)
    cpu = time.process_time()
    started = time.perf_counter()
    for i in range(ROWS):
        explicit(rows[i % len(rows)])
    client.flush(300)
    seconds = time.perf_counter() - started
    stats = client.stats()
    print(
        json.dumps(
            {
                "bare": statistics.median(plain),
                "tracked": statistics.median(decorated),
                "tracked_p99": statistics.quantiles(decorated, n=100)[98],
                "rows_per_second": ROWS / seconds,
                "cpu_us": (time.process_time() - cpu) / ROWS * 1e6,
                "lost": stats["tracked"] - stats["accepted"],
                "predictions": stats["accepted"],
            }
        )
    )


main(sys.argv[1])
