"""Which images of a version to show: filters on images, and on the boxes in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from django.db.models import QuerySet

from cvstudio.datasets import lookups  # noqa: F401 - registers the lookup that takes many positions
from cvstudio.datasets.errors import DatasetError
from cvstudio.datasets.models import DatasetImage, DatasetVersion
from cvstudio.datasets.selectors import findings_of
from cvstudio.datasets.shapes import open_table

#: Areas in pixels that COCO calls small and medium: up to 32 x 32 and 96 x 96.
SIZES: Final = {"small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, float("inf"))}


@dataclass(frozen=True)
class ImageFilters:
    """What of a version's images to show. Empty means all.

    Attributes:
        class_name: Images of this class, or with a box of it.
        split: Of this split.
        text: With this in their path.
        finding: That a finding names.
        size: With a box (of the class, where one is given) of this size; a key of `SIZES`.
    """

    class_name: str = ""
    split: str = ""
    text: str = ""
    finding: str = ""
    size: str = ""

    def apply(self, version: DatasetVersion) -> QuerySet[DatasetImage]:
        """The images that pass, by position (1 query more with a finding, and 1 more with a size).

        Raises:
            DatasetError: There is no such class, finding or size.
        """
        rows = version.images.order_by("position")
        has_boxes = version.task == DatasetVersion.Task.DETECT
        label = _label(version, self.class_name) if self.class_name else None
        if self.split:
            rows = rows.filter(split=self.split)
        if self.text:
            rows = rows.filter(path__icontains=self.text)
        if self.finding:
            rows = rows.filter(position__among=self.found(version)["positions"])
        if has_boxes and (label is not None or self.size):
            rows = rows.filter(position__among=_with_boxes(version, label, self.size))
        elif label is not None:
            rows = rows.filter(label=label)
        return rows

    def found(self, version: DatasetVersion) -> dict[str, Any]:
        """The finding that is asked for (1 query).

        Raises:
            DatasetError: There is no such finding.
        """
        for finding in findings_of(version):
            if finding["code"] == self.finding:
                return finding
        raise DatasetError("There is no such finding.", code="dataset.unknown_finding", where="finding",
                           hint="See detailed-stats for the findings of this version.")  # fmt: skip

    @cached_property
    def query(self) -> dict[str, str]:
        """The filters as they stand in an address."""
        named = {"class": self.class_name, "split": self.split, "q": self.text, "finding": self.finding,
                 "size": self.size}  # fmt: skip
        return {key: value for key, value in named.items() if value}

    @property
    def any(self) -> bool:
        """Whether something is filtered."""
        return bool(self.query)


def filters_of(query: Any) -> ImageFilters:
    """Filters from the query of a page; what cannot be meant is dropped."""
    split, size = query.get("split", ""), query.get("size", "")
    return ImageFilters(
        query.get("class", "")[:1000],
        split if split in ("train", "val", "test") else "",
        query.get("q", "").strip()[:200],
        query.get("finding", "")[:50],
        size if size in SIZES else "",
    )


def _label(version: DatasetVersion, name: str) -> int:
    try:
        return int(version.classes.index(name))
    except ValueError as error:
        hint = f"Classes: {', '.join(version.classes[:20])}." if version.classes else "The version has no classes yet."
        raise DatasetError("There is no such class.", code="dataset.unknown_class", hint=hint, where="class") from error


def _with_boxes(version: DatasetVersion, label: int | None, size: str) -> list[int]:
    """Positions of the images that have a box of a class and size."""
    table = open_table(version)
    fits = np.ones(len(table), dtype=bool) if label is None else np.asarray(table.label) == label
    if size:
        low, high = SIZES[size]
        sides = np.array(list(version.images.order_by("position").values_list("width", "height")), dtype=np.int64)
        corners = table.corners(sides.reshape(-1, 2))
        area = (corners[:, 2:] - corners[:, :2]).clip(0).prod(axis=1)
        fits &= (area > low) & (area <= high)
    return np.unique(table.image_of[fits]).tolist()  # type: ignore[no-any-return]
