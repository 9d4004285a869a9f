"""What is remarkable about a data set version: each finding with a sentence, a cure and the images it concerns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ml_core.data.statistics import Columns

Severity = Literal["error", "warning", "info"]

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
    code: str, severity: Severity, count: int, message: str, hint: str, positions: list[int] | None = None
) -> dict[str, Any]:
    return {
        "code": code, "severity": severity, "count": count, "message": message, "hint": hint,
        "positions": sorted(set(positions or []))[:_MAX_POSITIONS],
    }  # fmt: skip


def _about_files(columns: Columns) -> Iterator[dict[str, Any]]:
    if columns.unreadable:
        positions = [entry["position"] for entry in columns.unreadable]
        yield _finding("unreadable", "error", len(positions), f"Images that cannot be decoded: {len(positions):,}.",
                       "Replace the files and import a new version.", positions)  # fmt: skip


def _about_copies(columns: Columns, copies: Groups, alike: Groups) -> Iterator[dict[str, Any]]:
    further = [position for group in copies for position in group[1:]]
    if further:
        yield _finding("exact_copies", "warning", len(further), f"Exact copies of other images: {len(further):,}.",
                       "Remove the copies: they count twice in training.", _all(copies))  # fmt: skip
    leaks = [group for group in copies if len({int(columns.split[p]) for p in group}) > 1]
    if leaks:
        yield _finding(
            "leaks", "error", len(leaks), f"Images that lie in more than one split: {len(leaks):,}.",
            "Import again with splits dealt anew, or remove the copies: the evaluation is too good.", _all(leaks),
        )  # fmt: skip
    conflicts = [group for group in copies if len({int(columns.label[p]) for p in group}) > 1]
    if conflicts:
        yield _finding(
            "label_conflicts", "error", len(conflicts), f"Images that lie in several classes: {len(conflicts):,}.",
            "Decide which class is right and remove the other copy.", _all(conflicts),
        )  # fmt: skip
    if alike:
        count = sum(len(group) - 1 for group in alike)
        yield _finding("near_copies", "info", count, f"Images that look nearly like others: {count:,}.",
                       "Look at them: frames of one film or saved copies teach little.", _all(alike))  # fmt: skip
    near_leaks = [group for group in alike if len({int(columns.split[p]) for p in group}) > 1]
    if near_leaks:
        yield _finding("near_leaks", "warning", len(near_leaks),
                       f"Groups of nearly equal images across splits: {len(near_leaks):,}.",
                       "Keep pictures of one scene in one split.", _all(near_leaks))  # fmt: skip


def _about_light(columns: Columns) -> Iterator[dict[str, Any]]:
    aspect = columns.width / np.maximum(columns.height, 1)
    checks: tuple[tuple[str, Any, str, str], ...] = (
        ("dark", columns.brightness < _DARK, "Nearly black images", "Check the exposure, or whether they are 16-bit."),
        ("light", columns.brightness > _LIGHT, "Nearly white images", "Check the exposure, or for empty pages."),
        ("plain", columns.contrast < _PLAIN, "Images that show almost nothing", "Remove empty pictures."),
        ("long", (aspect > _LONG) | (aspect < 1 / _LONG), "Images more than four times as long as wide",
         "Resizing to a square distorts them much: cut them first."),
    )  # fmt: skip
    for code, mask, what, hint in checks:
        positions = np.flatnonzero(mask).tolist()
        if positions:
            yield _finding(code, "info", len(positions), f"{what}: {len(positions):,}.", hint, positions)


def odd_images(orientation: NDArray[np.uint8], modes: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Images that other programs may read differently, by their EXIF orientation and Pillow's mode."""
    kinds = np.array(modes) if len(modes) else np.zeros(0, dtype="U8")
    checks: tuple[tuple[str, Any, str, str], ...] = (
        ("turned_images", orientation != 1, "Images that are shown turned because of EXIF",
         "Nothing here; programs that ignore EXIF see them lying."),
        ("cmyk_images", np.isin(kinds, ("CMYK", "YCCK", "LAB")), "Images in colours for print",
         "Save them as RGB: colours may shift."),
        ("deep_images", np.isin(kinds, ("I", "I;16", "I;16B", "I;16L", "F")),
         "Images with more than 8 bits a channel", "They are scaled down to 8 bits; check that they are not black."),
        ("palette_images", np.isin(kinds, ("P", "PA", "1")), "Images with a palette or one bit a pixel",
         "Check that they are photographs and no place-holders."),
    )  # fmt: skip
    for code, mask, what, hint in checks:
        positions = np.flatnonzero(mask).tolist()
        if positions:
            yield _finding(code, "info", len(positions), f"{what}: {len(positions):,}.", hint, positions)


def _about_classes(version: dict[str, Any]) -> Iterator[dict[str, Any]]:
    training = [counts["train"] for counts in version["counts"]["classes"]]
    few = [name for name, count in zip(version["classes"], training, strict=True) if count < _FEW_IMAGES]
    if few:
        names = ", ".join(few[:5]) + (" ..." if len(few) > 5 else "")
        yield _finding("few_images", "warning", len(few),
                       f"Classes with fewer than {_FEW_IMAGES} training images: {len(few):,} ({names}).",
                       "Add images, or merge or leave out these classes.")  # fmt: skip
    filled = [count for count in training if count]
    if filled and max(filled) > _IMBALANCE * min(filled):
        yield _finding("imbalance", "warning", len(filled),
                       f"The largest class has {max(filled) / min(filled):,.0f} times as many training images as the "
                       "smallest.", "Weigh the classes in the loss, or add images to the small ones.")  # fmt: skip
    yield from _about_splits(version)


def _about_splits(version: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for split in ("train", "val"):
        if not version["counts"]["splits"][split]:
            yield _finding(f"empty_{split}", "warning", 1, f"The split {split} is empty.",
                           "Import again with splits dealt by a seed.")  # fmt: skip


def _all(groups: Groups) -> list[int]:
    return [position for group in groups for position in group]
