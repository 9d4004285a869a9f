"""Seconds of the three stages with a preset, on a folder of scenes or on nine generated ones.

    python -m benchmarks.hsi_chain [--scenes FOLDER] [--preset cpu]

Exits with 1 when the stages together take more than 20 minutes, or when the estimate shown to users is off by more
than a factor of four.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from ml_core.hsi.formats import open_scene
from ml_core.hsi.presets import estimate_chain
from ml_core.hsi.simulate import SENSORS, Simulation, simulate_scene
from ml_core.hsi.stages.sources import find_scenes

BUDGET_S = 20 * 60.0
ESTIMATE_BUDGET = 4.0
STAGES = {"tokenizer": "", "pretrain": "tokenizer", "anomaly": "encoder"}


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=Path)
    parser.add_argument("--preset", default="cpu")
    wishes = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hsi-chain-") as name:
        folder = Path(name)
        scenes = wishes.scenes or write_scenes(folder / "scenes")
        shapes = [open_scene(path).shape for path in find_scenes(scenes)]
        estimates = estimate_chain(wishes.preset, shapes)
        seconds: dict[str, float] = {}
        before = ""
        for stage, key in STAGES.items():
            sets = [f"scenes=[{scenes.resolve()}]", f"preset={wishes.preset}", *([f"{key}={before}"] if key else [])]
            seconds[stage] = run(f"hsi.{stage}", sets, folder / stage)
            before = str(folder / stage)
    for stage, taken in seconds.items():
        print(f"{stage:10} {taken:7.1f} s   estimated {estimates[stage]:7.1f} s")
    total, guessed = sum(seconds.values()), sum(estimates[stage] for stage in STAGES)
    print(f"{'together':10} {total:7.1f} s   estimated {guessed:7.1f} s, budget {BUDGET_S:g} s, {len(shapes)} scenes")
    is_off = not 1 / ESTIMATE_BUDGET < total / guessed < ESTIMATE_BUDGET
    return int(total > BUDGET_S or is_off)


def run(recipe: str, sets: list[str], out: Path) -> float:
    """Seconds of a recipe in a process of its own."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "ml_core", recipe, *(f"--set={text}" for text in sets), "--out", str(out)]
    if code := subprocess.run(command, check=False).returncode:
        raise SystemExit(f"{recipe} ended with {code}.")
    return time.perf_counter() - started


def write_scenes(folder: Path) -> Path:
    """Nine scenes of three simulated sensors."""
    folder.mkdir()
    for number in range(9):
        scene = simulate_scene(number, Simulation(sensor=list(SENSORS)[number % len(SENSORS)]))
        np.savez(folder / f"{scene.name}.npz", cube=scene.cube, gt=scene.mask, name=scene.name, sensor=scene.sensor)
    return folder


if __name__ == "__main__":
    sys.exit(main())
