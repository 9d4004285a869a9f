"""Maps of a large hyperspectral scene: memory, seconds a pixel beside a small scene, tiles equal to the whole.

    python -m benchmarks.hsi_large [--side 2000] [--bands 200] [--workers 2]

Generates a scene in a file, maps it with `hsi.infer` in a process of its own, and compares. The networks are not
trained, which costs no more and no less. Exits with 1 when the memory is over 4 GB, a pixel of the large scene costs
more than 1.5 times one of the small scene, or the maps depend on the number of workers.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from ml_core.hsi.anomaly.detector import HSIAnomalyDetector
from ml_core.hsi.encoder.bert import HSIEncoderBERT
from ml_core.hsi.encoder.universal import UniversalHSIModel
from ml_core.hsi.simulate import Simulation, simulate_scene
from ml_core.hsi.stages.tokenizer import build_tokenizer
from ml_core.hsi.stages.tokenizer_config import TokenizerConfig

MEMORY_BUDGET = 4e9
COST_BUDGET = 1.5
BLOCK = 250
SMALL = 100


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=800)
    parser.add_argument("--bands", type=int, default=200)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    wishes = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hsi-large-") as name:
        folder = Path(name)
        save_detector(folder / "detector")
        small = measure(folder, "small", write_scene(folder / "small.npy", SMALL, wishes.bands), wishes.workers)
        large = measure(folder, "large", write_scene(folder / "large.npy", wishes.side, wishes.bands), wishes.workers)
        differing = tiles_that_differ(folder, write_scene(folder / "middle.npy", 300, 60))
    for title, found in (("small", small), ("large", large)):
        print(
            f"{title:6} {found['pixels']:>9,} pixels  {found['seconds']:8.1f} s  "
            f"{1e6 * found['seconds'] / found['pixels']:7.1f} µs a pixel  {found['memory'] / 1e9:.2f} GB"
        )
    ratio = (large["seconds"] / large["pixels"]) / (small["seconds"] / small["pixels"])
    print(f"a pixel of the large scene costs {ratio:.2f} of one of the small scene, budget {COST_BUDGET:g}")
    print(f"memory {large['memory'] / 1e9:.2f} GB, budget {MEMORY_BUDGET / 1e9:g} GB")
    print(f"maps that depend on the number of workers: {', '.join(differing) or 'none'}")
    return int(ratio > COST_BUDGET or large["memory"] > MEMORY_BUDGET or bool(differing))


def save_detector(folder: Path) -> None:
    """A detector of the recommended size with random weights."""
    torch.manual_seed(0)
    tokenizer = build_tokenizer(TokenizerConfig(scenes=["-"])).eval()
    encoder = HSIEncoderBERT(
        tokenizer.joint_vocab_size, 1, "", False, 0.35, 225, spectral_codes=tokenizer.K_s,
        tokenizer_fingerprint=tokenizer.fingerprint(),
    )  # fmt: skip
    HSIAnomalyDetector(UniversalHSIModel(tokenizer, encoder), encoder.hidden_size).eval().save_pretrained(folder)


def write_scene(path: Path, side: int, bands: int) -> Path:
    """A square scene of generated blocks, as uint16 in a file; never whole in memory."""
    cube = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint16, shape=(side, side, bands))
    for number, (row, column) in enumerate(np.ndindex(-(-side // BLOCK), -(-side // BLOCK))):
        block = simulate_scene(number % 4, Simulation(height=BLOCK, width=BLOCK)).cube
        rows, columns = slice(row * BLOCK, (row + 1) * BLOCK), slice(column * BLOCK, (column + 1) * BLOCK)
        wanted = cube[rows, columns].shape
        chosen = np.linspace(0, block.shape[2] - 1, bands).round().astype(int)
        cube[rows, columns] = block[: wanted[0], : wanted[1]][..., chosen]
    cube.flush()
    return path


def measure(folder: Path, name: str, scene: Path, workers: int) -> dict[str, float]:
    """Seconds of all heads, and the peak of the process's memory."""
    side = np.load(scene, mmap_mode="r").shape[0]
    artifacts, memory = map_scene(folder, name, scene, workers)
    methods: dict[str, Any] = json.loads((artifacts / "maps.json").read_text())["methods"]
    return {"pixels": side**2, "seconds": methods["combined"]["seconds"], "memory": memory}


def map_scene(folder: Path, name: str, scene: Path, workers: int) -> tuple[Path, int]:
    """Map in a process of its own; its artifacts and its greatest resident memory in bytes."""
    out = folder / f"run-{name}"
    settings = {"scene": scene, "detector": folder / "detector", "workers": workers, "device": "cpu", "regions": 20}
    sets = [f"--set={key}={value}" for key, value in settings.items()]
    process = subprocess.Popen([sys.executable, "-m", "ml_core", "hsi.infer", *sets, "--out", str(out)])
    peaks = [0]

    def watch() -> None:
        while process.poll() is None:
            try:
                info = psutil.Process(process.pid).memory_full_info()
            except psutil.Error:
                return
            peaks.append(info.uss)  # pages of the mapped file can be dropped at any time and are not counted
            time.sleep(0.2)

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    watcher.join()
    if code:
        raise SystemExit(f"hsi.infer ended with {code}.")
    return out / "artifacts", max(peaks)


def tiles_that_differ(folder: Path, scene: Path) -> list[str]:
    """Names of maps that are not equal to the bit with one worker and with three."""
    one, _ = map_scene(folder, "one", scene, 1)
    three, _ = map_scene(folder, "three", scene, 3)
    return [
        path.stem
        for path in sorted((one / "maps").iterdir())
        if not np.array_equal(np.load(path), np.load(three / "maps" / path.name))
    ]


if __name__ == "__main__":
    sys.exit(main())
