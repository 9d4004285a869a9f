"""Measures every image of a version and says what is remarkable: the content of ``statistics.json``.

Histograms are ``{"edges": [n + 1 values], "counts": [n]}``. Images are named by their position in ``items.jsonl``.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.data.box_statistics import describe_boxes
from ml_core.data.findings import find, in_order
from ml_core.data.formats.base import SPLITS
from ml_core.data.histogram import histogram
from ml_core.data.import_order import ImportReporter
from ml_core.data.label_findings import find_in_labels, open_labelled
from ml_core.data.manifest import STATISTICS_FILE, Item, read_items, read_version
from ml_core.data.measure import THUMB_SIDE, Measures, measure_image
from ml_core.data.near_copies import near_groups
from ml_core.errors import CodedError
from ml_core.run.files import write_json_atomic

FORMAT: Final = 1
_BATCH: Final = 8
_MAX_LISTED: Final = 500


@dataclass(frozen=True)
class StatisticsOrder:
    """What to measure: the version's folder, its images' folder, and how alike near copies are."""

    version: Path
    root: Path
    near_distance: int = 4
    workers: int = 0


@dataclass
class Columns:
    """The values of all images, one array entry each; about 320 bytes an image."""

    items: int
    label: NDArray[np.int32] = field(init=False)
    split: NDArray[np.int8] = field(init=False)
    width: NDArray[np.int32] = field(init=False)
    height: NDArray[np.int32] = field(init=False)
    brightness: NDArray[np.float32] = field(init=False)
    contrast: NDArray[np.float32] = field(init=False)
    sharpness: NDArray[np.float32] = field(init=False)
    look: NDArray[np.uint64] = field(init=False)
    digest: NDArray[np.bytes_] = field(init=False)
    thumb: NDArray[np.uint8] = field(init=False)
    readable: NDArray[np.bool_] = field(init=False)
    orientation: NDArray[np.uint8] = field(init=False)
    modes: list[str] = field(default_factory=list)
    unreadable: list[dict[str, Any]] = field(default_factory=list)
    channel_sums: NDArray[np.float64] = field(default_factory=lambda: np.zeros((2, 3)))
    measured_for_training: int = 0

    def __post_init__(self) -> None:
        for name in ("label", "width", "height"):
            setattr(self, name, np.zeros(self.items, dtype=np.int32))
        for name in ("brightness", "contrast", "sharpness"):
            setattr(self, name, np.full(self.items, np.nan, dtype=np.float32))
        self.split = np.zeros(self.items, dtype=np.int8)
        self.look = np.zeros(self.items, dtype=np.uint64)
        self.digest = np.zeros(self.items, dtype="S64")
        self.thumb = np.zeros((self.items, THUMB_SIDE**2), dtype=np.uint8)
        self.readable = np.zeros(self.items, dtype=bool)
        self.orientation = np.ones(self.items, dtype=np.uint8)

    def take(self, position: int, item: Item, measured: Measures | CodedError) -> None:
        """Note one image."""
        self.label[position], self.split[position] = item.label, SPLITS.index(item.split)
        self.width[position], self.height[position] = item.width, item.height
        self.digest[position] = item.sha256.encode()
        self.orientation[position] = item.orientation
        self.modes.append(item.mode)
        if isinstance(measured, CodedError):
            self.unreadable.append({"position": position, "path": item.path, "reason": measured.message})
            return
        self.readable[position] = True
        self.brightness[position], self.contrast[position] = measured.brightness, measured.contrast
        self.sharpness[position], self.look[position] = measured.sharpness, measured.look
        self.thumb[position] = measured.thumb.ravel()
        if item.split == "train":  # values for normalisation must not be learnt from what is tested with
            self.channel_sums += np.array([measured.channel_mean, measured.channel_square])
            self.measured_for_training += 1


def measure_version(order: StatisticsOrder, run: ImportReporter) -> dict[str, Any]:
    """Measure all images, write ``statistics.json`` and return its content.

    Raises:
        FormatError: The version folder is missing or damaged.
    """
    version = read_version(order.version, ("classify", "detect"))
    columns = Columns(int(version["counts"]["images"]))
    for position, (item, measured) in enumerate(_measure_all(order)):
        columns.take(position, item, measured)
        run.progress(position + 1, columns.items, "images", "measure")
        run.raise_if_requested()
    run.progress(0, None, "images", "compare")
    copies = _exact_copies(columns)
    alike = _near_copies(columns, copies, order.near_distance)
    statistics = {
        "format": FORMAT,
        "fingerprint": version["fingerprint"],
        "classes": version["classes"],
        **_describe(columns),
        "balance": version["counts"]["classes"],
        "exact_copies": _listed(copies),
        "near_copies": _listed(alike),
        "unreadable": columns.unreadable[:_MAX_LISTED],
        "findings": find(version, columns, copies, alike),
    }
    if version["task"] == "detect":
        images = open_labelled(order.version)
        statistics["boxes"] = describe_boxes(images)
        statistics["findings"] = in_order([*statistics["findings"], *find_in_labels(images)])
    statistics["summary"] = _summary(statistics, columns, copies, alike)
    write_json_atomic(order.version / STATISTICS_FILE, statistics)
    return statistics


def _measure_all(order: StatisticsOrder) -> Iterator[tuple[Item, Measures | CodedError]]:
    threads = order.workers or min(8, os.cpu_count() or 1)
    items = read_items(order.version)
    waiting: deque[Future[list[tuple[Item, Measures | CodedError]]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="measure") as pool:
        try:
            while batch := list(islice(items, _BATCH)):
                waiting.append(pool.submit(_measure_batch, order.root, batch))
                if len(waiting) > 3 * threads:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _measure_batch(root: Path, items: list[Item]) -> list[tuple[Item, Measures | CodedError]]:
    done: list[tuple[Item, Measures | CodedError]] = []
    for item in items:
        try:
            done.append((item, measure_image(root / item.path)))
        except CodedError as error:
            done.append((item, error))
    return done


def _exact_copies(columns: Columns) -> list[list[int]]:
    """Groups of positions with one SHA-256."""
    groups: dict[bytes, list[int]] = {}
    for position, digest in enumerate(columns.digest.tolist()):
        groups.setdefault(digest, []).append(position)
    return sorted((group for group in groups.values() if len(group) > 1), key=lambda group: (-len(group), group))


def _near_copies(columns: Columns, copies: list[list[int]], distance: int) -> list[list[int]]:
    """Groups of positions that look alike; of exact copies only the first takes part, and plain areas do not."""
    further = {position for group in copies for position in group[1:]}
    eligible = columns.readable & (columns.contrast > 0.01)
    positions = np.array([p for p in np.flatnonzero(eligible).tolist() if p not in further], dtype=np.int64)
    if len(positions) < 2:
        return []
    groups = near_groups(columns.look[positions], columns.thumb[positions], distance)
    return [positions[group].tolist() for group in groups]


def _listed(groups: list[list[int]]) -> dict[str, Any]:
    return {"groups": len(groups), "images": sum(map(len, groups)), "examples": [g[:20] for g in groups[:100]]}


def _extremes(values: NDArray[np.float32]) -> dict[str, list[int]]:
    order = np.argsort(values, kind="stable")
    order = order[np.isfinite(values[order])]
    return {"lowest": order[:12].tolist(), "highest": order[::-1][:12].tolist()}


def _describe(columns: Columns) -> dict[str, Any]:
    sizes = Counter(zip(columns.width.tolist(), columns.height.tolist(), strict=True))
    aspect = columns.width / np.maximum(columns.height, 1)
    count = max(1, columns.measured_for_training)
    mean = columns.channel_sums[0] / count
    deviation = np.sqrt(np.maximum(columns.channel_sums[1] / count - mean**2, 0.0))
    return {
        "brightness": {**histogram(columns.brightness, 0.0, 1.0), **_extremes(columns.brightness)},
        "contrast": {**histogram(columns.contrast, 0.0, 0.5), **_extremes(columns.contrast)},
        "sharpness": {**histogram(columns.sharpness), **_extremes(columns.sharpness)},
        "width": histogram(columns.width),
        "height": histogram(columns.height),
        "aspect": {**histogram(aspect), **_extremes(aspect.astype(np.float32))},
        "common_sizes": [{"width": w, "height": h, "count": n} for (w, h), n in sizes.most_common(12)],
        "channels": {"mean": [round(float(v), 4) for v in mean], "std": [round(float(v), 4) for v in deviation]},
    }


def _summary(
    statistics: dict[str, Any], columns: Columns, copies: list[list[int]], alike: list[list[int]]
) -> dict[str, float]:
    readable = columns.readable
    return {
        "images": columns.items,
        "unreadable": len(columns.unreadable),
        "brightness": round(float(columns.brightness[readable].mean()), 4) if readable.any() else 0.0,
        "contrast": round(float(columns.contrast[readable].mean()), 4) if readable.any() else 0.0,
        "exact_copies": sum(len(group) - 1 for group in copies),
        "near_copies": sum(len(group) - 1 for group in alike),
        "findings": len(statistics["findings"]),
    }
