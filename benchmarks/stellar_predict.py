"""Seconds to classify 1,000 spectra, from FITS files to predictions.csv, in a process of its own.

    python -m benchmarks.stellar_predict [--weights FOLDER] [--survey FOLDER] [--spectra 1000] [--threads 2]

Without weights, a recommended classifier is trained for a moment: what it answers is not looked at here. Prints the
time of the whole command, of a second one with cached arrays, and of the network alone. Exits with 1 when the first,
which reads every file, takes more than 10 seconds.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from ml_core.stellar.predict import load_classifier
from ml_core.stellar.simulate import simulate_survey
from ml_core.stellar.survey import open_survey

BUDGET_S = 10.0


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--survey", type=Path)
    parser.add_argument("--spectra", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    wishes = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cvs-bench-") as name:
        folder = Path(name)
        survey = wishes.survey or folder / "survey"
        if wishes.survey is None:
            simulate_survey(survey, wishes.spectra, images=False)
        weights = wishes.weights or train(folder, wishes.threads)
        settings = {"survey": survey, "weights": weights, "modality": "spectrum", "cache": folder / "cache",
                    "threads": wishes.threads, "device": "cpu"}  # fmt: skip
        (first, busy), (again, _) = (command("stellar.predict", settings, folder / f"run-{at}") for at in range(2))
        arrays = open_survey(survey).arrays(folder / "cache", "spectrum", labelled=False)
        torch.set_num_threads(wishes.threads)
        classifier = load_classifier(weights)
        started = time.perf_counter()
        stars = len(classifier.classify(arrays, looked_at="spectrum"))
        alone = time.perf_counter() - started
    print(f"{stars} spectra, {wishes.threads} threads")
    print(f"whole command, files read       {first:8.2f} s   (<= {BUDGET_S:.0f} for 1,000), {busy:.2f} s of processor")
    print(f"whole command, arrays cached    {again:8.2f} s")
    print(f"network alone                   {alone:8.2f} s")
    return int(first > BUDGET_S * max(1.0, stars / 1000))


def train(folder: Path, threads: int) -> Path:
    """A classifier after two updates."""
    simulate_survey(folder / "few", 60)
    settings = {"survey": folder / "few", "epochs": 1, "steps_per_epoch": 2, "batch_size": 16, "threads": threads,
                "device": "cpu"}  # fmt: skip
    command("stellar.train", settings, folder / "train")
    return folder / "train"


def command(recipe: str, settings: dict[str, object], out: Path) -> tuple[float, float]:
    """Seconds of a recipe in a process of its own, and those it kept processors busy."""
    sets = [text for name, value in settings.items() for text in ("--set", f"{name}={value}")]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "ml_core", recipe, *sets, "--out", str(out)], check=False)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{recipe} ended with {done.returncode}.")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
