"""The benchmark's tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_NETWORKS: Final = {"teacher": "recogniser (teacher)", "student": "student", "student_alone": "the same student alone"}
_TEXTS: Final = {
    "image": "image alone",
    "text": "text alone",
    "both": "image and text",
    "both_partial": "image and a partial text",
    "both_missing": "image, text missing",
    "both_wrong": "image and the text of another character",
}


def markdown(mean: Mapping[str, Any], spread: Mapping[str, Any], seeds: int) -> str:
    """Means over the seeds, with the spread over them."""
    lines = [f"Means over {seeds} seeds ± spread over seeds, in percent unless another unit is named.", ""]
    lines += ["| | top-1 | lowest source | calibration error | ms an image | MB |", "|---|---|---|---|---|---|"]
    for name, title in _NETWORKS.items():
        if mean.get(name):
            row, off = mean[name], spread[name]
            shares = [_share(row[key], off[key]) for key in ("top1", "lowest_source", "calibration_error")]
            lines.append(f"| {title} | " + " | ".join(shares) + f" | {row['ms_per_image']:.1f} | {row['mb']:.1f} |")
    if mean.get("enrol"):
        lines += ["", "| images of a new character | new, top-1 | known, top-1 | known before | seconds |"]
        lines += ["|---|---|---|---|---|"]
        lines += [_enrolled(size, mean["enrol"][size], spread["enrol"][size]) for size in mean["enrol"]]
        lines += ["", f"Strangers against known, AUROC: {_number(mean['unknown_auroc'], spread['unknown_auroc'])}."]
    if mean.get("fusion"):
        lines += ["", "| evidence | top-1 |", "|---|---|"]
        lines += [
            f"| {title} | {_share(mean['fusion'][name], spread['fusion'][name])} |" for name, title in _TEXTS.items()
        ]
    return "\n".join(lines) + "\n"


def _enrolled(size: str, row: Mapping[str, Any], off: Mapping[str, Any]) -> str:
    shares = [_share(row[key], off[key]) for key in ("new_top1", "known_top1", "known_top1_before")]
    return f"| {size} | " + " | ".join(shares) + f" | {_number(row['seconds'], off['seconds'])} |"


def _share(value: float | None, off: float | None) -> str:
    return "" if value is None or off is None else f"{100 * value:.1f} ± {100 * off:.1f}"


def _number(value: float | None, off: float | None) -> str:
    return "" if value is None or off is None else f"{value:.3f} ± {off:.3f}"
