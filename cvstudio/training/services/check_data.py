"""Checks the data set of a planned training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.db.models import F

from cvstudio.datasets.models import DatasetVersion
from cvstudio.training.plan import CLASSIFY, DETECT, SEGMENT, count_shapes
from cvstudio.training.report import Check

MANY_REJECTS = 0.05
NAMED = 5
SAMPLE = 100


def check_data(version: DatasetVersion, recipe: str = CLASSIFY) -> Iterator[Check]:
    """Findings about the images: is there something to learn from, and something to judge by."""
    if version.state != DatasetVersion.State.READY:
        yield Check(
            "preflight.not_ready",
            "red",
            f"The data set version is {version.get_state_display().lower()}.",
            "Wait until the import is through, or look at why it failed.",
            where="data",
        )
        return
    splits = version.counts.get("splits", {})
    yield from _check_files(version)
    yield from _check_splits(splits)
    yield from _check_classes(version, recipe)
    yield from _check_rejects(version)
    what = {
        CLASSIFY: f"in {len(version.classes):,} classes",
        DETECT: f"with {version.counts.get('annotations', {}).get('kept', 0):,} boxes",
        SEGMENT: f"with {count_shapes(version):,} polygons and masks",
    }[recipe]
    yield Check(
        "preflight.data",
        "ok",
        f"{splits.get('train', 0):,} images to train, {splits.get('val', 0):,} to validate, "
        f"{splits.get('test', 0):,} to test, {what}.",
        facts={"splits": splits, "classes": len(version.classes)},
    )


def _check_files(version: DatasetVersion) -> Iterator[Check]:
    """Whether the images are where they were at the import; a registered folder belongs to somebody else."""
    root = Path(version.root)
    step = max(1, version.images.count() // SAMPLE)
    sample = version.images.annotate(rest=F("position") % step).filter(rest=0).values_list("path", flat=True)
    gone = [path for path in sample[: 2 * SAMPLE] if not (root / path).is_file()]
    if gone or not root.is_dir():
        yield Check(
            "preflight.files_gone",
            "red",
            f"Images of the data set are no longer where they were, such as {gone[0]}."
            if gone
            else "The folder of the images is gone.",
            "Put them back, or import the data set again.",
            where=gone[0] if gone else "root",
        )


def _check_splits(splits: dict[str, int]) -> Iterator[Check]:
    if not splits.get("train"):
        yield Check(
            "preflight.no_training_images",
            "red",
            "The data set has no training images.",
            "Make a new version with a train split.",
            where="train",
        )
    if not splits.get("val"):
        yield Check(
            "preflight.no_validation",
            "yellow",
            "The data set has no validation images, so nothing tells when the network begins to learn by heart.",
            "Make a new version that sets some images aside for validation.",
            where="val",
        )


def _check_classes(version: DatasetVersion, recipe: str) -> Iterator[Check]:
    has_boxes = recipe != CLASSIFY
    if has_boxes and not version.counts.get("annotations", {}).get("splits", {}).get("train"):
        yield Check(
            "preflight.no_boxes",
            "red",
            "No training image has a box or a shape.",
            "Import labels with the images, or draw boxes.",
            where="train",
        )
    if not has_boxes and len(version.classes) < 2:
        yield Check(
            "preflight.one_class",
            "red",
            f"The data set has {len(version.classes)} class, and a classifier needs at least 2.",
            "Put the images of each class into a folder of its own and import them again.",
            where="classes",
        )
    per_class = version.counts.get("classes", [])
    empty = [name for name, counts in zip(version.classes, per_class, strict=False) if not counts.get("train")]
    if empty and version.counts.get("splits", {}).get("train"):
        more = f" and {len(empty) - NAMED} more" if len(empty) > NAMED else ""
        yield Check(
            "preflight.empty_class",
            "yellow",
            f"No training image shows: {', '.join(empty[:NAMED])}{more}.",
            "The network cannot learn these. Add images, or leave the classes out.",
            where=empty[0],
            facts={"classes": empty[:100]},
        )


def _check_rejects(version: DatasetVersion) -> Iterator[Check]:
    rejected, images = version.counts.get("rejected", 0), version.counts.get("images", 0)
    if rejected:
        is_many = rejected > MANY_REJECTS * (rejected + images)
        yield Check(
            "preflight.unreadable",
            "yellow" if is_many else "ok",
            f"{rejected:,} of {rejected + images:,} files could not be read at the import and are left out.",
            "The list of rejects of the data set tells why, file by file.",
            where="rejects",
            facts={"rejected": rejected},
        )
