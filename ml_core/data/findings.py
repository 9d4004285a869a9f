"""What is remarkable about a data set version: each finding with a sentence, a cure and the images it concerns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.data.finding_texts import Severity, finding

if TYPE_CHECKING:
    from ml_core.data.statistics import Columns

_ORDER: Final = {"error": 0, "warning": 1, "info": 2}
_MAX_POSITIONS: Final = 500
_DARK, _LIGHT, _PLAIN, _LONG = 0.05, 0.95, 0.02, 4.0
_FEW_IMAGES, _IMBALANCE = 10, 10.0

Groups = list[list[int]]


def find(version: dict[str, Any], columns: Columns, copies: Groups, alike: Groups) -> list[dict[str, Any]]:
    """All findings, gravest first: code, severity, message, hint, count, positions (at most 500)."""
    about_images = [*_about_files(columns), *_about_copies(columns, copies, alike), *_about_light(columns)]
    if version["task"] == "classify":
        odd = odd_images(columns.orientation, columns.modes)
        return in_order([*about_images, *odd, *_about_classes(version)])
    return in_order([*about_images, *_about_splits(version)])


def in_order(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Findings, gravest first."""
    return sorted(found, key=lambda finding: (_ORDER[finding["severity"]], -finding["count"]))


def _finding(
    code: str, severity: Severity, count: int, positions: list[int] | None = None, **facts: str | int
) -> dict[str, Any]:
    return finding(code, severity, count, sorted(set(positions or []))[:_MAX_POSITIONS], **facts)


def _about_files(columns: Columns) -> Iterator[dict[str, Any]]:
    if columns.unreadable:
        positions = [entry["position"] for entry in columns.unreadable]
        yield _finding("unreadable", "error", len(positions), positions)


def _about_copies(columns: Columns, copies: Groups, alike: Groups) -> Iterator[dict[str, Any]]:
    further = [position for group in copies for position in group[1:]]
    if further:
        yield _finding("exact_copies", "warning", len(further), _all(copies))
    leaks = [group for group in copies if len({int(columns.split[p]) for p in group}) > 1]
    if leaks:
        yield _finding("leaks", "error", len(leaks), _all(leaks))
    conflicts = [group for group in copies if len({int(columns.label[p]) for p in group}) > 1]
    if conflicts:
        yield _finding("label_conflicts", "error", len(conflicts), _all(conflicts))
    if alike:
        yield _finding("near_copies", "info", sum(len(group) - 1 for group in alike), _all(alike))
    near_leaks = [group for group in alike if len({int(columns.split[p]) for p in group}) > 1]
    if near_leaks:
        yield _finding("near_leaks", "warning", len(near_leaks), _all(near_leaks))


def _about_light(columns: Columns) -> Iterator[dict[str, Any]]:
    aspect = columns.width / np.maximum(columns.height, 1)
    yield from _of_images({
        "dark": columns.brightness < _DARK, "light": columns.brightness > _LIGHT, "plain": columns.contrast < _PLAIN,
        "long": (aspect > _LONG) | (aspect < 1 / _LONG),
    })  # fmt: skip


def odd_images(orientation: NDArray[np.uint8], modes: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Images that other programs may read differently, by their EXIF orientation and Pillow's mode."""
    kinds = np.array(modes) if len(modes) else np.zeros(0, dtype="U8")
    yield from _of_images({
        "turned_images": orientation != 1, "cmyk_images": np.isin(kinds, ("CMYK", "YCCK", "LAB")),
        "deep_images": np.isin(kinds, ("I", "I;16", "I;16B", "I;16L", "F")),
        "palette_images": np.isin(kinds, ("P", "PA", "1")),
    })  # fmt: skip


def _of_images(checks: dict[str, NDArray[np.bool_]]) -> Iterator[dict[str, Any]]:
    for code, mask in checks.items():
        positions = np.flatnonzero(mask).tolist()
        if positions:
            yield _finding(code, "info", len(positions), positions)


def _about_classes(version: dict[str, Any]) -> Iterator[dict[str, Any]]:
    training = [counts["train"] for counts in version["counts"]["classes"]]
    few = [name for name, count in zip(version["classes"], training, strict=True) if count < _FEW_IMAGES]
    if few:
        yield _finding("few_images", "warning", len(few), least=_FEW_IMAGES, names=first_names(few))
    filled = [count for count in training if count]
    if filled and max(filled) > _IMBALANCE * min(filled):
        yield _finding("imbalance", "warning", len(filled), ratio=f"{max(filled) / min(filled):,.0f}")
    yield from _about_splits(version)


def first_names(names: Sequence[str]) -> str:
    """Some names, with commas between them."""
    return ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")


def _about_splits(version: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for split in ("train", "val"):
        if not version["counts"]["splits"][split]:
            yield _finding(f"empty_{split}", "warning", 1)


def _all(groups: Groups) -> list[int]:
    return [position for group in groups for position in group]
