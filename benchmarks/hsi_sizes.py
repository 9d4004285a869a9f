"""How well targets of 1 to 150 pixels are found: planted in real scenes, mapped by detectors that never saw the scene.

    python -m benchmarks.hsi_sizes --scenes FOLDER --benchmark RUN [--sizes 1,2,4,8,16,32,64,100,150]

RUN is the folder of an `hsi.benchmark` over the same scenes; each scene is mapped by the detector of the fold in which
it was left out. Targets of one size at a time are put into a copy of the cube: discs that are half filled with the
spectrum of a pixel of another scene, resampled by the number of its bands. What is added to the pixels of a target is
the same for all of them, so that texture and noise stay those of the scene. The planted pixels are scored against the
pixels that the mask calls background. Without arguments it runs on one simulated scene with the classic methods.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.anomaly.detector import HSIAnomalyDetector
from ml_core.hsi.classic import CLASSIC
from ml_core.hsi.formats import open_scene
from ml_core.hsi.metrics import auc, average_precision
from ml_core.hsi.scene import Scene
from ml_core.hsi.simulate import SENSORS, Simulation, simulate_scene
from ml_core.hsi.stages.delivery import weight_folder
from ml_core.hsi.stages.sources import find_scenes
from ml_core.run.seeds import mix

SIZES = (1, 2, 4, 8, 16, 32, 64, 100, 150)
CLASSICS = ("global_rx", "local_rx", "morphological")
SHARE = 0.5
PLANTED_SHARE = 0.01  # of the scene
LEAST_TARGETS = 3
FALSE_ALARMS = 0.01

Maps = dict[str, NDArray[np.float32]]


def main() -> int:
    """Plant, map, and print a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=Path)
    parser.add_argument("--benchmark", type=Path)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    wishes = parser.parse_args()
    scenes = [open_scene(path) for path in find_scenes(wishes.scenes)] if wishes.scenes else simulated()
    detectors = left_out_detectors(wishes.benchmark) if wishes.benchmark else {}
    print(f"{'pixels':>6}  AUC / AP / share of targets found at {FALSE_ALARMS:.0%} false alarms, means over scenes")
    for size in map(int, wishes.sizes.split(",")):
        found: dict[str, list[tuple[float, float, float]]] = {}
        for number, scene in enumerate(scenes):
            planted, labels = plant(scene, scenes, size, seed=mix(0, size, number))
            for method, values in all_maps(planted, detectors.get(scene.name)).items():
                found.setdefault(method, []).append(score(values, labels, scene.mask))
        means = {method: np.mean(rows, axis=0) for method, rows in found.items()}
        print(f"{size:6}  " + "  ".join(f"{m} {a:.3f}/{p:.2f}/{t:.2f}" for m, (a, p, t) in means.items()), flush=True)
    return 0


def simulated() -> list[Scene]:
    """One scene of each simulated sensor."""
    return [simulate_scene(number, Simulation(sensor=sensor)) for number, sensor in enumerate(SENSORS)]


def left_out_detectors(run: Path) -> dict[str, Callable[[Scene], Maps]]:
    """For each scene of a benchmark the detector of its fold, with the first seed."""
    record = json.loads((run / "run.json").read_text())["config"]
    folds: dict[str, list[str]] = json.loads((run / "artifacts/scores.json").read_text())["folds"]
    found: dict[str, Callable[[Scene], Maps]] = {}
    for fold, names in folds.items():
        folder = run / "work" / f"seed-{record['seed']}" / fold / f"anomaly-{fold}"
        detector = HSIAnomalyDetector.from_pretrained(weight_folder(folder))
        found |= dict.fromkeys(names, detector.detect)
    return found


def all_maps(scene: Scene, detect: Callable[[Scene], Maps] | None) -> Maps:
    """Maps of the learned heads, if there are any, and of the quick classics."""
    maps = detect(scene) if detect else {}
    return maps | {name: CLASSIC[name].detect(scene) for name in CLASSICS}


def plant(scene: Scene, others: Sequence[Scene], size: int, *, seed: int) -> tuple[Scene, NDArray[np.int32]]:
    """A copy of a scene with targets of ``size`` pixels, and (H, W) their numbers, 0 where there is none."""
    random = np.random.default_rng(seed)
    cube = np.array(scene.cube, dtype=np.float32)
    height, width, _ = cube.shape
    labels = np.zeros((height, width), dtype=np.int32)
    taken = np.zeros((height, width), dtype=bool) if scene.mask is None else scene.mask.astype(bool)
    reach = int(np.ceil(np.sqrt(size / np.pi))) + 1
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    nearest = np.argsort((rows**2 + columns**2).ravel() + 1e-3 * random.random(rows.size), kind="stable")[:size]
    for number in range(1, max(LEAST_TARGETS, round(PLANTED_SHARE * height * width / size)) + 1):
        for _ in range(100):
            row = int(random.integers(reach, height - reach))
            column = int(random.integers(reach, width - reach))
            box = (
                slice(max(row - 2 * reach, 0), row + 2 * reach + 1),
                slice(max(column - 2 * reach, 0), column + 2 * reach + 1),
            )
            if not taken[box].any():
                break
        else:
            break  # no room for more
        place = (rows.ravel()[nearest] + row, columns.ravel()[nearest] + column)
        own = cube[place].mean(axis=0)
        cube[place] += SHARE * (foreign_spectrum(scene, others, random, float(own.mean())) - own)
        labels[place] = number
        taken[place] = True
    return replace(scene, cube=cube, mask=None), labels


def foreign_spectrum(
    scene: Scene, others: Sequence[Scene], random: np.random.Generator, level: float
) -> NDArray[np.float32]:
    """A random spectrum of another scene on this one's bands, brought to a level near that of the place."""
    foreign = [other for other in others if other is not scene] or list(others)
    other = foreign[int(random.integers(len(foreign)))]
    source = np.asarray(
        other.cube[int(random.integers(other.shape[0])), int(random.integers(other.shape[1]))], dtype=np.float64
    )
    places = np.linspace(0, 1, scene.shape[2])
    spectrum = np.interp(places, np.linspace(0, 1, len(source)), source)
    factor = random.uniform(0.5, 2.0) * level / max(abs(float(spectrum.mean())), 1e-9)
    return (factor * spectrum).astype(np.float32)


def score(
    values: NDArray[np.float32], labels: NDArray[np.int32], mask: NDArray[Any] | None
) -> tuple[float, float, float]:
    """AUC and AP of planted pixels against background, and the share of targets that stand out with a pixel."""
    counted = (labels > 0) | (np.ones_like(labels, dtype=bool) if mask is None else mask == 0)
    scores, truth = values[counted][None], (labels[counted] > 0)[None].astype(np.uint8)
    threshold = np.quantile(scores[truth == 0], 1 - FALSE_ALARMS)
    numbers = np.unique(labels[labels > 0])
    hits = [bool((values[labels == number] > threshold).any()) for number in numbers]
    return auc(scores, truth), average_precision(scores, truth), float(np.mean(hits))


if __name__ == "__main__":
    sys.exit(main())
