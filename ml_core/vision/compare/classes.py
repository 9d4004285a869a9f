"""Two classifiers on the same images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ml_core.data.manifest import Item
from ml_core.vision.compare.outcome import Outcome

Answer = dict[str, Any]


def compare_classes(
    items: Sequence[Item], first: Sequence[Answer], second: Sequence[Answer], classes: list[str]
) -> Outcome:
    """Put the answers side by side. Classes are compared by name: the weights may number them differently."""
    said = [[answer["top"][0] for answer in answers] for answers in (first, second)]
    names = [classes[item.label] for item in items]
    right = [np.array([one["class"] == name for one, name in zip(told, names, strict=True)], bool) for told in said]
    rows = [
        {"path": item.path, "width": item.width, "height": item.height, "class": name,
         "first": _told(one, name), "second": _told(other, name)}
        for item, name, one, other in zip(items, names, *said, strict=True)
        if one["class"] != other["class"]
    ]  # fmt: skip
    rows.sort(key=_telling, reverse=True)
    accuracy = (float(right[0].mean()), float(right[1].mean()))
    label = np.array([item.label for item in items], np.int64)
    return Outcome("images", classes, label, right[0], right[1], {"accuracy": accuracy}, rows, len(rows))


def _told(one: Answer, name: str) -> dict[str, Any]:
    return {"class": one["class"], "probability": round(one["probability"], 4), "right": one["class"] == name}


def _telling(row: dict[str, Any]) -> tuple[bool, float]:
    """One right and one wrong before both wrong; the surer the two are, the more it tells."""
    first, second = row["first"], row["second"]
    return first["right"] != second["right"], first["probability"] + second["probability"]
