"""Looks for labels that are likely wrong in a version: predicts each image by something that never learnt from it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.data.annotations.builder import CROWD
from ml_core.data.annotations.table import NOT_NAMED
from ml_core.data.doubts.boxes import Given, Seen, find_box_doubts
from ml_core.data.doubts.describe import describe_images
from ml_core.data.doubts.out_of_fold import deal_folds, out_of_fold
from ml_core.data.doubts.report import DOUBTS_FILE, box_findings, class_findings, listed, write_doubts
from ml_core.data.doubts.wrong_classes import agreement, find_doubts
from ml_core.data.formats.base import Split
from ml_core.data.label_findings import LabelledImages, open_labelled
from ml_core.data.manifest import Item, read_items, read_version
from ml_core.data.revision.changes import Changes
from ml_core.data.revision.revise import revise
from ml_core.errors import FormatError
from ml_core.run.context import RunContext
from ml_core.run.nested import run_nested

#: What trains and what predicts, by the task of the version.
TRAIN: Final = {"classify": "vision.classify", "detect": "vision.detect"}
_PREDICT: Final = {"classify": "vision.predict", "detect": "vision.predict_boxes"}
#: Predictions are asked for as completely as they can be had.
_WHOLE: Final[dict[str, dict[str, Any]]] = {"classify": {"top_k": 100}, "detect": {"threshold": 0.0}}
#: What is described at once stays below about a gigabyte.
_MOST_IMAGES, _MOST_NUMBERS = 50_000, 25_000_000
_VALIDATION: Final = 10  # one in so many of the images that a fold learns from

Answers = dict[int, Any]
"""Position of an image to the record of its prediction."""


@dataclass(frozen=True)
class Version:
    """A version whose labels are judged."""

    folder: Path
    root: Path
    facts: dict[str, Any]
    items: list[Item]

    @classmethod
    def open(cls, folder: Path, root: Path) -> Version:
        """Read it.

        Raises:
            FormatError: It is damaged.
        """
        return cls(folder, root, read_version(folder, ("classify", "detect")), list(read_items(folder)))

    @property
    def task(self) -> str:
        """``classify`` or ``detect``."""
        return str(self.facts["task"])


def by_description(version: Version, run: RunContext, *, folds: int, seed: int) -> dict[str, Any]:
    """Judge classes by what the images are made of: filters learnt without labels, and a linear classifier a fold.

    Raises:
        FormatError: ``version.task``, the version has boxes; ``doubts.too_few``; ``doubts.too_many``.
    """
    if version.task != "classify":
        raise FormatError("Boxes are judged by a detector.", code="version.task", where="by",
                          hint="Choose a weight, or train detectors for it.")  # fmt: skip
    labels, classes = np.array([item.label for item in version.items], dtype=np.int64), version.facts["classes"]
    if len(labels) > _MOST_IMAGES or len(labels) * len(classes) > _MOST_NUMBERS:
        raise FormatError(f"{len(labels):,} images of {len(classes):,} classes are too many for this.",
                          code="doubts.too_many", hint="Let the weight of a training judge them.")  # fmt: skip
    features = describe_images([version.root / item.path for item in version.items], run, seed=seed)
    rows = np.flatnonzero(np.isfinite(features).all(axis=1))
    fold = _folds(version, rows.tolist(), folds, seed)
    run.progress(0, None, "images", "judge")
    probabilities = np.full((len(labels), len(classes)), np.nan)
    probabilities[rows] = out_of_fold(features[rows], labels[rows], fold, probabilities.shape[1])
    return _judge_classes(version, probabilities, run)


def by_weight(version: Version, run: RunContext, *, weight: Path, seen: Path | None) -> dict[str, Any]:
    """Judge by a weight the images that it has not learnt from.

    Args:
        version: The version.
        run: The run.
        weight: Its folder.
        seen: The version that it learnt from, if any: equal files that were for training there are not judged.

    Raises:
        FormatError: ``doubts.too_few``.
        CodedError: As the recipe that predicts.
    """
    learnt = set() if seen is None else {item.sha256 for item in read_items(seen) if item.split == "train"}
    positions = [n for n, item in enumerate(version.items) if item.sha256 not in learnt]
    run.log(f"{len(positions):,} of {len(version.items):,} images were not learnt from and are judged.")
    return _judge(version, _predict(version, run, positions, weight, "prediction"), run)


def by_training(
    version: Version, run: RunContext, *, settings: dict[str, Any], folds: int, seed: int
) -> dict[str, Any]:
    """Judge by as many trainings as there are folds, each of which leaves one out and then predicts it.

    Raises:
        FormatError: ``doubts.too_few``.
        CodedError: As the recipes that train and predict.
    """
    fold = _folds(version, list(range(len(version.items))), folds, seed)
    answers: Answers = {}
    for part in range(folds):
        out = np.flatnonzero(fold == part).tolist()
        folder = run.dir.path / "folds" / str(part + 1)
        learnt_from = _without(version, set(out), folder / "version", run)
        values = {**settings, "data": {**settings.get("data", {}), "version": str(learnt_from),
                                       "root": str(version.root)}}  # fmt: skip
        label = f"fold {part + 1} of {folds}"
        result = run_nested(run, folder / "training", TRAIN[version.task], values, label)
        shutil.rmtree(folder / "training" / "checkpoints", ignore_errors=True)
        weight = folder / "training" / result["weight"]["path"]
        answers |= _predict(version, run, out, weight, label, folder / "prediction")
    return _judge(version, answers, run)


def _folds(version: Version, positions: Sequence[int], folds: int, seed: int) -> NDArray[np.int64]:
    """The fold of each image; equal files are in one, so that no copy tells what its twin is called."""
    if len(positions) < 2 * folds:
        raise FormatError(f"There are {len(positions):,} images, too few to leave out one part in {folds}.",
                          code="doubts.too_few", hint="Import more images, or choose fewer parts.")  # fmt: skip
    items = [version.items[n] for n in positions]
    _, groups = np.unique([item.sha256 for item in items], return_inverse=True)
    labels = np.array([item.label for item in items], dtype=np.int64)
    return deal_folds(np.asarray(groups, dtype=np.int64), labels, folds, seed)


def _without(version: Version, out: set[int], folder: Path, run: RunContext) -> Path:
    """The version with the images of a fold for the test, and some of the others for validation."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        left = [n for n in range(len(version.items)) if n not in out]
        splits: dict[int, Split] = dict.fromkeys(out, "test")
        splits |= {n: "val" if place % _VALIDATION == 0 else "train" for place, n in enumerate(left)}
        revise(version.folder, folder, Changes(split=splits), run, reason="a fold")
    return folder


def _predict(
    version: Version, run: RunContext, positions: list[int], weight: Path, label: str, folder: Path | None = None
) -> Answers:
    if not positions:
        raise FormatError("The weight has learnt from all of these images.", code="doubts.too_few",
                          hint="Choose another weight, or let the images be judged in parts.")  # fmt: skip
    place = folder or run.dir.path / "prediction"
    files = {version.items[n].path: n for n in positions}
    values = {"weight": str(weight), "root": str(version.root), "files": list(files), **_WHOLE[version.task]}
    run_nested(run, place, _PREDICT[version.task], values, label)
    records = json.loads((place / "artifacts" / "predictions.json").read_text(encoding="utf-8"))
    return {files[record["path"]]: record for record in records if record["error"] is None}


def _judge(version: Version, answers: Answers, run: RunContext) -> dict[str, Any]:
    if version.task == "detect":
        return _judge_boxes(version, answers, run)
    index = {name: label for label, name in enumerate(version.facts["classes"])}
    probabilities = np.full((len(version.items), len(index)), np.nan)
    for position, record in answers.items():
        probabilities[position] = 0.0
        for entry in record["top"]:
            if entry["class"] in index:
                probabilities[position, index[entry["class"]]] = entry["probability"]
    return _judge_classes(version, probabilities, run)


def _judge_classes(version: Version, probabilities: NDArray[np.float64], run: RunContext) -> dict[str, Any]:
    labels = np.array([item.label for item in version.items], dtype=np.int64)
    share, doubts = agreement(probabilities, labels), find_doubts(probabilities, labels)
    judged = int(np.isfinite(probabilities).all(axis=1).sum())
    run.log(f"{judged:,} images were judged; {100 * share:.1f} % are recognised as what they are called.")
    return _leave(version, class_findings(doubts, share), {"judged": judged, "agreement": round(share, 4)}, run)


def _judge_boxes(version: Version, answers: Answers, run: RunContext) -> dict[str, Any]:
    images = open_labelled(version.folder)
    positions = [n for n in sorted(answers) if images.state[n] != NOT_NAMED]
    index = {name: label for label, name in enumerate(version.facts["classes"])}
    given = [_given(images, n) for n in positions]
    seen = [_seen(answers[n]["boxes"], index) for n in positions]
    doubts, trust = find_box_doubts(given, seen, len(index))
    for name, label in index.items():
        run.log(f"{name}: {100 * trust.recall[label]:.0f} % of the boxes are found, "
                f"{100 * trust.precision[label]:.0f} % of what is surely found has a box.")  # fmt: skip
    known = np.isfinite(trust.usual)
    facts = {"judged": len(positions), "recall": round(float(trust.recall[known].mean()) if known.any() else 0.0, 4)}
    return _leave(version, box_findings(doubts, positions), facts, run)


def _given(images: LabelledImages, position: int) -> Given:
    first, behind = (int(row) for row in images.table.image_offsets[position : position + 2])
    corners = images.corners[first:behind]
    whole = np.flatnonzero((corners[:, 2:] > corners[:, :2]).all(axis=1))
    flags = np.asarray(images.table.flags[first:behind])
    labels = np.asarray(images.table.label[first:behind], dtype=np.int64)
    return Given(first + whole, corners[whole], labels[whole], (flags[whole] & CROWD) > 0)


def _seen(boxes: list[dict[str, Any]], index: dict[str, int]) -> Seen:
    known = [entry for entry in boxes if entry["class"] in index]
    return Seen(
        np.array([entry["box"] for entry in known], dtype=np.float64).reshape(-1, 4),
        np.array([entry["probability"] for entry in known], dtype=np.float64),
        np.array([index[entry["class"]] for entry in known], dtype=np.int64),
    )


def _leave(version: Version, findings: list[dict[str, Any]], facts: dict[str, Any], run: RunContext) -> dict[str, Any]:
    """Keep the findings beside the version and as an artifact."""
    write_doubts(version.folder, version.facts["fingerprint"], facts, findings)
    artifact = run.artifact_path(DOUBTS_FILE)
    shutil.copyfile(version.folder / DOUBTS_FILE, artifact)
    run.artifact(artifact, "application/json")
    run.data_fingerprint(version.facts["fingerprint"])
    doubts = sum(len(entry.get("suggestions", ())) for entry in findings)
    return {"metrics": {**facts, "doubts": doubts}, "findings": listed(findings)}
