"""What was found in the files of a draft, arranged for a person to confirm or correct."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from hsi.models import Scene

ORDERS = ("HWB", "BHW", "WHB", "BWH", "HBW", "WBH")


def inspection_view(scene: Scene) -> dict[str, Any]:
    """Cubes and masks, each array once with its likeliest reading, and what is chosen of them."""
    found = scene.inspection
    chosen = found.get("chosen") or {}
    return {
        "files": _files(found),
        "cubes": _arrays(found.get("cubes", []), chosen.get("cube") or {}),
        "masks": _arrays(found.get("masks", []), chosen.get("mask") or {}),
        "has_mask_choice": bool(chosen.get("mask")),
        "orders": ORDERS,
        "axis_order": chosen.get("axis_order") or (chosen.get("cube") or {}).get("axis_order", ""),
        "inspection_findings": found.get("findings", []),
        "inspection": found,
        "sure": bool(found.get("certain")),
    }


def _files(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Every file with its size, and the arrays in it that cannot be read."""
    understood = {file.get("name", ""): file for file in found.get("files", [])}
    sizes = found.get("sizes", {})
    return [
        {
            "name": name, "size": sizes.get(name),
            "refused": [one for one in understood.get(name, {}).get("arrays", []) if one.get("refusal")],
        }
        for name in dict.fromkeys([*sizes, *understood])
    ]  # fmt: skip


def _arrays(readings: list[dict[str, Any]], chosen: dict[str, Any]) -> list[dict[str, Any]]:
    """One entry for each array: readings of it in other axis orders are its `others`."""
    groups = [list(rows) for _place, rows in groupby(sorted(readings, key=_place), _place)]
    entries = []
    for rows in groups:
        best, *others = sorted(rows, key=lambda row: -float(row.get("score", 0)))
        entries.append(
            {
                **best, "value": "|".join(_place(best)), "others": others,
                "chosen": _place(best) == _place(chosen), "percent": round(100 * float(best.get("score", 0))),
                "shape_text": " × ".join(str(length) for length in best.get("shape", [])),
            }
        )  # fmt: skip
    return sorted(entries, key=lambda entry: (not entry["chosen"], -entry["percent"]))


def _place(row: dict[str, Any]) -> tuple[str, str]:
    return row.get("file", ""), row.get("key", "")
