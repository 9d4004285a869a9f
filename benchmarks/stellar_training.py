"""Seconds to train classifiers of stars on 1,600 stars, and the share of them that is spent on data.

    python -m benchmarks.stellar_training [--survey FOLDER] [--stars 1600] [--threads 2] [--presets recommended ...]

Simulates a survey where none is given. The stars are read from FITS and JPEG once; from then on epochs read cached
arrays. Exits with 1 when a training takes more than 15 minutes, or more than 5 % of its time goes into batches.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ml_core.run.cli import main as run_core
from ml_core.stellar.simulate import simulate_survey
from ml_core.stellar.survey import open_survey
from ml_core.stellar.training.data import StarData

BUDGET_S = 15 * 60.0
DATA_BUDGET = 0.05


class Clock:
    """Adds up the time spent in `StarData.batch`, which is all that a training does for data while it runs."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._batch = StarData.batch

    def __enter__(self) -> Clock:
        clock, batch = self, self._batch

        def timed(data: StarData, *arguments: Any) -> Any:
            started = time.perf_counter()
            try:
                return batch(data, *arguments)
            finally:
                clock.seconds += time.perf_counter() - started

        StarData.batch = timed  # type: ignore[method-assign]
        return self

    def __exit__(self, *_error: object) -> None:
        StarData.batch = self._batch  # type: ignore[method-assign]


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--survey", type=Path)
    parser.add_argument("--stars", type=int, default=1600)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--presets", nargs="+", default=["recommended", "fusion_cpu"])
    wishes = parser.parse_args()
    is_slow = False
    with tempfile.TemporaryDirectory(prefix="cvs-bench-") as name:
        folder = Path(name)
        survey = wishes.survey or folder / "survey"
        if wishes.survey is None:
            simulate_survey(survey, wishes.stars)
        started = time.perf_counter()
        stars = len(open_survey(survey).arrays(folder / "cache")["name"])
        print(f"{stars} stars read into arrays        {time.perf_counter() - started:8.1f} s, once")
        for preset in wishes.presets:
            whole, fitted, data = train(preset, survey, folder, wishes.threads)
            share = data / fitted
            print(f"{preset:20} whole run   {whole:8.1f} s   (<= {BUDGET_S:.0f})")
            print(f"{'':20} epochs      {fitted:8.1f} s, {share:6.2%} on data   (<= {DATA_BUDGET:.0%})")
            is_slow |= whole > BUDGET_S or share > DATA_BUDGET
    return int(is_slow)


def train(preset: str, survey: Path, folder: Path, threads: int) -> tuple[float, float, float]:
    """Seconds of the whole run, of its epochs, and of batches in them."""
    settings = {"preset": preset, "survey": str(survey), "cache": str(folder / "cache"), "threads": threads}
    out = folder / preset
    sets = [text for name, value in settings.items() for text in ("--set", f"{name}={value}")]
    started = time.perf_counter()
    with Clock() as clock:
        code = run_core(["stellar.train", *sets, "--set", "device=cpu", "--out", str(out)])
    whole = time.perf_counter() - started
    if code:
        raise SystemExit(f"stellar.train ended with {code}.")
    return whole, float(json.loads((out / "result.json").read_text())["wall_s"]), clock.seconds


if __name__ == "__main__":
    sys.exit(main())
