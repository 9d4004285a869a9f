"""What comes of two weights on the same cases: counts, scores of each class, a sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.vision.compare.mcnemar import mcnemar

LIKELY_CHANCE = 0.05


@dataclass
class Outcome:
    """Cases (images of a classifier, objects of a detector) that both weights were asked.

    Attributes:
        unit: ``images`` or ``objects``.
        classes: Names.
        label: (N,) true class of each case.
        first: (N,) whether the first weight was right.
        second: (N,) whether the second was.
        scores: Further scores of each: name to (first, second).
        rows: Images on which they disagree, what tells most first.
        disagreements: How many there are.
    """

    unit: str
    classes: list[str]
    label: NDArray[np.int64]
    first: NDArray[np.bool_]
    second: NDArray[np.bool_]
    scores: dict[str, tuple[float, float]]
    rows: list[dict[str, Any]] = field(default_factory=list)
    disagreements: int = 0

    @property
    def table(self) -> dict[str, int]:
        """Of how many cases both, one or none were right."""
        first, second = self.first, self.second
        return {
            "both": int((first & second).sum()),
            "first_only": int((first & ~second).sum()),
            "second_only": int((~first & second).sum()),
            "neither": int((~first & ~second).sum()),
        }

    @property
    def p_value(self) -> float:
        """How likely so uneven a table is between equals."""
        table = self.table
        return mcnemar(table["first_only"], table["second_only"])

    def per_class(self) -> list[dict[str, Any]]:
        """Of each class that has cases: how many, and the share that each weight got right."""
        rows = []
        for index, name in enumerate(self.classes):
            own = self.label == index
            if own.any():
                first, second = float(self.first[own].mean()), float(self.second[own].mean())
                rows.append({"class": name, "support": int(own.sum()), "first": first, "second": second,
                             "difference": second - first})  # fmt: skip
        return sorted(rows, key=lambda row: -abs(row["difference"]))

    def verdict(self) -> str:
        """Who is better, and whether that may be chance."""
        table, p = self.table, self.p_value
        ahead = table["second_only"] - table["first_only"]
        if not ahead:
            return f"Both are right on equally many {self.unit}."
        better, other = ("second", "first") if ahead > 0 else ("first", "second")
        text = f"The {better} is right on {abs(ahead):,} more {self.unit} than the {other} (p = {p:.2g}, McNemar)"
        return f"{text}: " + ("this may be chance." if p > LIKELY_CHANCE else "chance alone seldom does that.")
