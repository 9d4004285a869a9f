"""Lineage of images both ways: which images a weight saw, and which weights saw an image.

An image is known by the SHA-256 of its file, so that it is found under another name, in another data set, and after it
was left out of the newest version: versions of data sets never change, and stay while a weight was trained on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cvstudio.datasets.models import DatasetImage, DatasetVersion
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.selectors import versions_for

MOST_GENERATIONS = 20
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Sighting:
    """A weight that saw an image.

    Attributes:
        weight: The version.
        split: ``train``: it learned from it; ``val``: it was chosen by it; ``test``: it was judged by it.
        image: The image in the version of the data set that the weight was trained on.
        through: The earlier weight that it started from and that saw the image; None when it saw it itself.
        is_gone: Whether the current version of that data set has the image no more.
    """

    weight: WeightVersion
    split: str
    image: DatasetImage
    through: WeightVersion | None = None
    is_gone: bool = False


@dataclass(frozen=True)
class SeenData:
    """Images that a weight saw in one version of a data set.

    Attributes:
        through: The weight that was trained on it: the version itself, or one that it started from.
        data: The version of the data set.
        splits: Number of images by split.
        gone: How many of them the current version of the data set has no more.
    """

    through: WeightVersion
    data: DatasetVersion
    splits: dict[str, int]
    gone: int


def weights_that_saw(user: Any, sha256: str) -> list[Sighting]:
    """The weights of a person that saw the image with this content, newest first.

    Five queries, and two for each generation of weights that started from others.
    """
    images = list(DatasetImage.objects.filter(sha256=sha256).select_related("version__dataset").order_by("position"))
    by_version = {image.version_id: image for image in images}
    current = {image.version_id for image in images}  # versions that hold it
    found = {
        version.id: Sighting(version, image.split, image, is_gone=_is_gone(image, current))
        for version in versions_for(user).filter(dataset_version__in=by_version)
        if version.dataset_version_id and (image := by_version[version.dataset_version_id])
    }
    newest = dict(found)
    for _ in range(MOST_GENERATIONS):
        children = versions_for(user).filter(parent__in=newest).exclude(id__in=found)
        newest = {child.id: _inherited(child, newest[child.parent_id]) for child in children if child.parent_id}
        if not newest:
            break
        found |= newest
    return sorted(found.values(), key=lambda sighting: sighting.weight.created_at, reverse=True)


def _is_gone(image: DatasetImage, holding: set[Any]) -> bool:
    return image.version.dataset.current_version_id not in holding


def _inherited(child: WeightVersion, sighting: Sighting) -> Sighting:
    through = sighting.through or sighting.weight
    return Sighting(child, sighting.split, sighting.image, through, sighting.is_gone)


def images_seen_by(version: WeightVersion) -> list[SeenData]:
    """What a version and the weights that it started from saw, its own data first."""
    return [
        SeenData(weight, data, {split: data.counts.get("splits", {}).get(split, 0) for split in SPLITS}, _gone(data))
        for weight, data in _trainings(version)
    ]


def _trainings(version: WeightVersion) -> Iterator[tuple[WeightVersion, DatasetVersion]]:
    told = set()
    weight: WeightVersion | None = version
    for _ in range(MOST_GENERATIONS):
        if weight is None:
            return
        data = weight.dataset_version
        if data is not None and data.id not in told:
            told.add(data.id)
            yield weight, data
        weight = weight.parent


def _gone(data: DatasetVersion) -> int:
    """Images that the current version has no more; by content, as names may change."""
    current = data.dataset.current_version_id
    if current is None or current == data.id:
        return 0
    kept = set(DatasetImage.objects.filter(version_id=current).values_list("sha256", flat=True))
    return sum(sha256 not in kept for sha256 in data.images.values_list("sha256", flat=True))
