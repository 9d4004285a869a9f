"""The benchmark's tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

TITLES: Final = {
    "fusion": "fusion (recommended)", "spectrum": "its spectrum alone", "image": "its image alone",
    "photometry": "its colours alone", "fusion_plain": "fusion of the specification", "chi2": "chi-square templates",
    "random_forest": "random forest, spectra", "colours": "random forest, colours",
}  # fmt: skip
_GROUPS: Final = ("all", "low", "high")


def markdown(scores: Mapping[str, Any], comparison: Mapping[str, Any]) -> str:
    """Scores with their spread over seeds and their error over stars, then the paired comparisons."""
    first = next(iter(scores.values()))
    counts = [first["n"][group] for group in _GROUPS]
    lines = [
        f"Mean over {first['seeds']} seeds ± spread over seeds (± bootstrap error over stars).",
        "",
        f"| method | macro-F1, all ({counts[0]:,}) | S/N < 5 ({counts[1]:,}) | S/N > 5 ({counts[2]:,}) | accuracy "
        "| within one | calibration error | refused | training, s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, found in scores.items():
        cells = [_cell(found, "macro_f1", group) for group in _GROUPS]
        cells += [_cell(found, "accuracy", "all"), _cell(found, "within_one"), _cell(found, "ece")]
        cells.append(f"{found['refused']:.3f}" if "refused" in found else "")
        cells.append(f"{found['train_s']:.1f}" if "train_s" in found else "")
        lines.append(f"| {TITLES.get(name, name)} | " + " | ".join(cells) + " |")
    if comparison:
        lines += ["", "Macro-F1 of fusion minus that of (± error of the difference on the same stars):", "",
                  "| rival | all | S/N < 5 | S/N > 5 |", "|---|---|---|---|"]  # fmt: skip
        for rival, groups in comparison.items():
            lines.append(f"| {TITLES[rival]} | " + " | ".join(_difference(groups[group]) for group in _GROUPS) + " |")
    return "\n".join(lines) + "\n"


def _cell(found: Mapping[str, Any], measure: str, group: str = "") -> str:
    value, spread, error = (
        held[measure][group] if group else held[measure] for held in (found, found["spread"], found["error"])
    )
    if value is None:
        return ""
    return f"{value:.3f} ± {spread:.3f}" + ("" if error is None else f" (± {error:.3f})")


def _difference(found: Mapping[str, float] | None) -> str:
    return "" if found is None else f"{found['difference']:+.3f} ± {found['error']:.3f}"
