"""The list of 1,000 runs: how long its first page takes over the API and as a page, and how many queries.

Works in a database of its own. Prints each with its budget and exits with 1 when one is missed.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.scratch.database import open_database

RUNS = 1_000
REPEATS = 9
BUDGET_MS = 300.0
METRICS = {f"{phase}/{name}": 0.5 for phase in ("train", "val") for name in ("loss", "accuracy", "f1", "top5")}


def main() -> int:
    """Fill, measure, compare."""
    with tempfile.TemporaryDirectory(prefix="cvs-bench-") as folder:
        user = fill(folder)
        missed = [measure(user, title, path) for title, path in ADDRESSES.items()]
    return int(any(missed))


ADDRESSES = {
    "API, 50 runs": "/api/v1/training",
    "API, 200 runs": "/api/v1/training?page_size=200",
    "API, filtered": "/api/v1/training?state=ended&search=run",
    "page, 50 runs": "/runs/",
}


def fill(folder: str) -> Any:
    """A database with runs of the size that real ones have; their owner."""
    user = open_database(folder)
    from cvstudio.runs.models import Run
    from cvstudio.training.tests.makers import make_architecture, make_dataset

    (Path(folder) / "squares").mkdir()
    dataset, architecture = make_dataset(user, Path(folder) / "squares"), make_architecture(user)
    config = {"graph": architecture.document, "fit": {f"option_{n}": n for n in range(40)}}
    summary = {"step": 9, "epoch": 3, "latest": METRICS, "epochs": METRICS, "best": {"metrics": METRICS}}
    Run.objects.bulk_create(
        Run(
            owner=user, name=f"run {n}", recipe="vision.classify", state="completed", config=config, summary=summary,
            dataset_version=dataset, architecture_version=architecture, result={"metrics": METRICS}, preflight=config,
        )
        for n in range(RUNS)
    )  # fmt: skip
    return user


def measure(user: Any, title: str, path: str) -> bool:
    """Print one line; whether the budget is missed."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    times = []
    for _ in range(REPEATS):
        with CaptureQueriesContext(connection) as queries:
            begin = time.perf_counter()
            answer = client.get(path)
            times.append(1000 * (time.perf_counter() - begin))
        assert answer.status_code == 200, (path, answer.status_code)
    median = statistics.median(times)
    print(f"{title:16} {median:6.0f} ms   {len(queries):2d} queries   budget {BUDGET_MS:g} ms")
    return median > BUDGET_MS


if __name__ == "__main__":
    sys.exit(main())
