"""The map of a detector: seconds for a scene of 100 x 100 x 200, and how a plain loop over pixels compares.

    python -m benchmarks.hsi_map [--detector FOLDER] [--workers N]

The loop cuts what surrounds each pixel and computes every head anew; it runs on a sample of pixels, and its time is
scaled to all of them. Its scores must equal the map's. Without a folder, untrained networks of the product's size take
part: time does not follow from what they learned. Exits with 1 when a budget is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch

from ml_core.engine.device import available_cores
from ml_core.hsi.anomaly import HSIAnomalyDetector
from ml_core.hsi.anomaly.tests.material import PatchLoop, a_cube
from ml_core.hsi.canonical import canonicalise
from ml_core.hsi.encoder import HSIEncoderBERT, UniversalHSIModel
from ml_core.hsi.scene import Scene
from ml_core.hsi.tokenizer import SSPQTokenizer, tokenize_scene

SIDE, BANDS, TURNS, SAMPLE = 100, 200, 3, 40
MOST_SECONDS = 3.0
LEAST_RATIO = 20.0
MOST_DIFFERENCE = 1e-3  # relative, between the loop's scores and the map's


def main() -> int:
    """Measure both."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--detector", type=Path)
    arguments.add_argument("--workers", type=int, default=available_cores())
    options = arguments.parse_args()
    detector = HSIAnomalyDetector.from_pretrained(options.detector) if options.detector else untrained()
    cube = a_cube(SIDE, SIDE, BANDS)
    scene = Scene("made", cube, None, None, np.ones(BANDS, dtype=bool))
    seconds, processor = [], []
    for _ in range(TURNS):
        wall, cpu = time.perf_counter(), time.process_time()
        maps = detector.detect(scene, workers=options.workers)
        seconds.append(time.perf_counter() - wall)
        processor.append(time.process_time() - cpu)
    loop_seconds, difference = loop(detector, cube, maps["lm_nll"], maps["recon"], maps["one_class"])
    ratio = loop_seconds / statistics.median(processor)
    best, median = min(seconds), statistics.median(seconds)
    print(
        f"map of {SIDE} x {SIDE} x {BANDS}, {options.workers} workers: {median:.2f} s,"
        f" best {best:.2f}, budget {MOST_SECONDS}"
    )
    print(f"processor time of the map {statistics.median(processor):.2f} s")
    print(f"plain loop: {loop_seconds:.0f} s of processor time, {ratio:.0f} x the map, budget {LEAST_RATIO:g}")
    print(f"largest relative difference of scores: {difference:.1e}, budget {MOST_DIFFERENCE:g}")
    return int(best > MOST_SECONDS or ratio < LEAST_RATIO or difference > MOST_DIFFERENCE)


def loop(detector: HSIAnomalyDetector, cube: np.ndarray, *maps: np.ndarray) -> tuple[float, float]:
    """Processor seconds of the plain loop over all pixels, and how far its scores are from those of the maps."""
    canonical = canonicalise(cube)
    plain = PatchLoop(detector, canonical)
    plain.use_tokens(tokenize_scene(detector.universal_model.tokenizer, canonical))
    generator = np.random.default_rng(0)
    places = generator.integers(0, SIDE, (SAMPLE, 2)).tolist()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    start, worst = time.process_time(), 0.0
    for row, column in places:
        plain.tokens_at(row, column)
        scores = (plain.lm_nll(row, column), plain.recon(row, column), plain.one_class(row, column))
        for score, values in zip(scores, maps, strict=True):
            worst = max(worst, abs(score - float(values[row, column])) / (abs(score) + 1e-2))
    used = time.process_time() - start
    torch.set_num_threads(threads)
    return used / SAMPLE * SIDE * SIDE, worst


def untrained() -> HSIAnomalyDetector:
    """Networks of the CPU preset's size."""
    torch.manual_seed(0)
    common = {"num_bands": 96, "codebook_size": 128, "commitment_beta": 0.25, "tokens": "pixel"}
    tokenizer = SSPQTokenizer(
        {**common, "hidden_dim": 32, "num_layers": 4, "kernel_size": 3},
        {**common, "hidden_dim": 12, "encoder_channels": [32, 32]},
    )
    encoder = HSIEncoderBERT(tokenizer.joint_vocab_size, 9, "", False, 0.35, 225, spectral_codes=tokenizer.K_s)
    return HSIAnomalyDetector(UniversalHSIModel(tokenizer, encoder), encoder.hidden_size).eval()


if __name__ == "__main__":
    sys.exit(main())
