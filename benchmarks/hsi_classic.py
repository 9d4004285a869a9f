"""Classic hyperspectral detectors: their time beside that of global RX, and that it grows with the scene's area.

    python -m benchmarks.hsi_classic [--scenes FOLDER]

All take turns on one generated scene of 100 x 100 pixels and 200 bands, so that a machine that slows down slows all.
Seconds are those of the processor, on one core.
Exits with 1 when a ratio is over its budget. With a folder of scenes (.npz with ``cube`` and ``gt``, such as
../shared/data/hsi) it prints ROC-AUC, average precision and seconds of each detector on each of them instead.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ml_core.hsi.classic import CLASSIC
from ml_core.hsi.formats import open_scene
from ml_core.hsi.metrics import score_map

TURNS = 3
#: Seconds of a detector over those of global RX on the same scene.
BUDGETS = {"global_rx": 1.0, "local_rx": 12.0, "crd": 120.0, "iforest": 16.0, "morphological": 3.0}
#: Seconds of four times the pixels over those of one scene.
GROWTH_BUDGET = 5.0


def main() -> int:
    """Measure, or score the scenes of a folder."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scenes", type=Path)
    folder = arguments.parse_args().scenes
    if folder is not None:
        with threadpool_limits(1):
            return print_table(sorted(folder.glob("*.npz")))
    small, large = generated(100, 100), generated(200, 200)
    seconds: dict[str, list[float]] = {key: [] for key in CLASSIC}
    growths: dict[str, list[float]] = {key: [] for key in CLASSIC}
    with threadpool_limits(1):
        for _ in range(TURNS):
            for key in CLASSIC:
                seconds[key].append(timed(key, small)[0])
                growths[key].append(timed(key, large)[0] / seconds[key][-1])
    missed = 0
    for key, budget in BUDGETS.items():
        median = statistics.median(seconds[key])
        ratio = statistics.median(a / b for a, b in zip(seconds[key], seconds["global_rx"], strict=True))
        growth = statistics.median(growths[key])
        print(
            f"{key:14} {1000 * median:7.1f} ms  {ratio:6.2f} x global RX, budget {budget:g}"
            f"   4 x the pixels: {growth:4.2f} x, budget {GROWTH_BUDGET:g}"
        )
        missed += ratio > budget or growth > GROWTH_BUDGET
    return int(missed > 0)


def generated(height: int, width: int) -> NDArray[np.uint16]:
    """A scene of smooth mixtures of five materials with noise."""
    rng = np.random.default_rng(0)
    shares = rng.random((height // 10, width // 10, 5)).repeat(10, axis=0).repeat(10, axis=1) ** 3
    spectra = rng.uniform(300, 3000, size=(5, 200))
    cube = shares @ spectra + rng.normal(0, 20, size=(height, width, 200))
    return np.clip(cube, 0, 65535).astype(np.uint16)


def timed(key: str, cube: Any) -> tuple[float, NDArray[np.float32]]:
    """Seconds of the processor and map of a detector; its imports do not count."""
    detector = CLASSIC[key].create()
    begin = time.process_time()
    found = detector.detect(cube)
    return time.process_time() - begin, found


def print_table(files: list[Path]) -> int:
    """One line for each scene and one for the mean: AUC, AP and seconds of each detector."""
    print(f"{'AUC / AP / seconds':16}" + "".join(f"{key:>24}" for key in CLASSIC))
    rows = []
    for file in files:
        scene = open_scene(file)
        assert scene.mask is not None, f"{file.name} has no mask"
        row = []
        for key in CLASSIC:
            seconds, found = timed(key, scene)
            scores = score_map(found, scene.mask)
            row.append((scores["auc"], scores["ap"], seconds))
        rows.append(row)
        print_row(scene.name, row)
    print_row("mean", np.mean(rows, axis=0).tolist())
    return 0


def print_row(name: str, row: list[Any]) -> None:
    """Three numbers for each detector."""
    print(f"{name:16.16}" + "".join(f"{auc:10.4f} {ap:6.3f} {seconds:6.2f}" for auc, ap, seconds in row), flush=True)


if __name__ == "__main__":
    sys.exit(main())
