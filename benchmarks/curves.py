"""20 curves of 100,000 points each: how long the API takes to thin them to 2,000 points, and to zoom in.

The points are stored as a running training stores them, block by block. Prints each with its budget and exits with 1
when one is missed, or when a spike is lost.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from typing import Any

from benchmarks.scratch.database import open_database

CURVES, POINTS, SPIKE_AT = 20, 100_000, 54_321
REPEATS = 5
BUDGET_MS = 500.0


def main() -> int:
    """Fill, measure, compare."""
    with tempfile.TemporaryDirectory(prefix="cvs-bench-") as folder:
        user, run_id = fill(folder)
        path = f"/api/v1/training/{run_id}/metrics"
        whole = measure(user, "all, 2,000 points", f"{path}?points=2000")
        zoomed = measure(user, "zoomed to 1 %", f"{path}?points=2000&from=50000&to=51000")
        one = measure(user, "one curve", f"{path}?points=2000&names=train/curve3")
        lost = check(user, f"{path}?points=2000")
    return int(max(whole, zoomed, one) > BUDGET_MS or lost)


def fill(folder: str) -> tuple[Any, Any]:
    """A run with long curves: most points in blocks, the newest still as events."""
    user = open_database(folder)
    from cvstudio.runs.curves.fold import FOLD_AT, pack
    from cvstudio.runs.models import CurveBlock, Run
    from cvstudio.runs.services.append_events import NewEvent, append_events

    run = Run.objects.create(owner=user, name="long", recipe="vision.classify", state="running")
    folded = POINTS // FOLD_AT * FOLD_AT
    for start in range(0, folded, FOLD_AT):
        metrics = (metric(step) for step in range(start, start + FOLD_AT))
        CurveBlock.objects.bulk_create(pack(run.id, metrics), batch_size=200)
    append_events(run.id, [NewEvent("metric", metric(step)) for step in range(folded, POINTS)])
    return user, run.id


def metric(step: int) -> dict[str, Any]:
    """The values of all curves at a step."""
    values = {f"curve{n}": (1e6 if step == SPIKE_AT else 1.0) / (step % 977 + n + 1) for n in range(CURVES)}
    return {"step": step, "epoch": step // 1000, "phase": "train", "scope": "step", "values": values}


def measure(user: Any, title: str, path: str) -> float:
    """Print one line; the median in ms."""
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        answer = get(user, path)
        times.append(1000 * (time.perf_counter() - begin))
    median = statistics.median(times)
    size = len(answer.content) / 1e6
    print(f"{title:18} {median:6.0f} ms   {size:4.1f} MB   budget {BUDGET_MS:g} ms")
    return median


def check(user: Any, path: str) -> bool:
    """Whether a spike, or a point limit, did not survive the thinning."""
    curves = get(user, path).json()["curves"]
    lost = [curve["name"] for curve in curves if max(curve["max"]) < 1e3 or len(curve["steps"]) > 2_000]
    print(f"spikes lost        {len(lost):6d}      budget 0")
    return bool(lost) or len(curves) != CURVES


def get(user: Any, path: str) -> Any:
    """The answer to a logged-in client."""
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    return answer


if __name__ == "__main__":
    sys.exit(main())
