"""Search for wrong labels: classes that were swapped at random are found again, and how long it takes.

    python -m benchmarks.wrong_labels [--share 0.05] [--rounds 3] [FOLDER ...]

Judged are scikit-learn's digits (1,797 images) and every named folder of class folders. A share of the images is put
into another class, and labels are judged as by a search from the health page. Recall is the share of what was planted
that is named, precision the share of what is named that was planted; labels that are wrong by themselves count against
it. Where classes cannot be told apart without training, the search says that it cannot judge; what it would have named
is printed all the same. Budgets, for the digits: recall 0.85, precision 0.85, 60 s.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.import_images import Silence
from ml_core.data.digits import write_digits
from ml_core.data.doubts.describe import describe_images
from ml_core.data.doubts.out_of_fold import deal_folds, out_of_fold
from ml_core.data.doubts.report import LEAST_AGREEMENT
from ml_core.data.doubts.wrong_classes import agreement, find_doubts
from ml_core.data.import_images import ImportOrder, import_images
from ml_core.data.manifest import read_items, read_version

BUDGET_RECALL, BUDGET_PRECISION, BUDGET_S = 0.85, 0.85, 60.0
FOLDS = 5


def measure(root: Path, scratch: Path, share: float, rounds: int) -> tuple[float, float, float]:
    """Mean recall and precision over rounds, and the seconds of one search."""
    version = scratch / "v1"
    import_images(ImportOrder(root, scratch / "images", version, accept_rejects=True), Silence())
    items, classes = list(read_items(version)), read_version(version)["classes"]
    labels = np.array([item.label for item in items], dtype=np.int64)
    began = time.perf_counter()
    features = describe_images([root / item.path for item in items], Silence())
    described = time.perf_counter() - began
    recalls, precisions, agreements, searched = [], [], [], 0.0
    for number in range(rounds):
        rng = np.random.default_rng(number)
        is_wrong = rng.random(len(labels)) < share
        given = np.where(is_wrong, (labels + rng.integers(1, len(classes), len(labels))) % len(classes), labels)
        began = time.perf_counter()
        fold = deal_folds(np.arange(len(given)), given, FOLDS, number)
        probabilities = out_of_fold(features, given, fold, len(classes))
        named = np.array([doubt.position for doubt in find_doubts(probabilities, given)], dtype=np.int64)
        searched = time.perf_counter() - began
        recalls.append(is_wrong[named].sum() / max(1, is_wrong.sum()))
        precisions.append(is_wrong[named].mean() if len(named) else 1.0)
        agreements.append(agreement(probabilities, given))
    recall, precision, told = float(np.mean(recalls)), float(np.mean(precisions)), float(np.mean(agreements))
    verdict = "" if told >= LEAST_AGREEMENT else ": too few for a judgement, nothing is reported"
    print(f"{root.name}: {len(items):,} images of {len(classes)} classes, {share:.0%} in a wrong one")
    print(f"  recall {recall:.3f}, precision {precision:.3f}, {told:.1%} recognised when left out{verdict}")
    print(f"  {described + searched:.1f} s ({described:.1f} s to describe, {searched:.1f} s to judge)")
    return recall, precision, described + searched


def main() -> int:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        digits = Path(folder) / "digits"
        write_digits(digits)
        recall, precision, seconds = measure(digits, Path(folder) / "0", options.share, options.rounds)
        for number, root in enumerate(options.folders, start=1):
            measure(root.resolve(), Path(folder) / str(number), options.share, options.rounds)
    good = recall >= BUDGET_RECALL and precision >= BUDGET_PRECISION and seconds <= BUDGET_S
    verdict = "kept" if good else "MISSED"
    print(f"budgets: recall {BUDGET_RECALL}, precision {BUDGET_PRECISION}, {BUDGET_S:.0f} s: {verdict}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
