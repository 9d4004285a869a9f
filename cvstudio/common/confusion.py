"""A confusion matrix as `components/confusion.html` draws it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext as _

#: Shades of a cell in the style sheet: 0 is the ground, the last is the strongest.
SHADES = 10


def confusion_view(
    classes: Sequence[str], counts: Sequence[Sequence[int]], address: Callable[[int, int], str]
) -> dict[str, Any]:
    """A confusion matrix as rows of cells.

    Args:
        classes: Names of the classes; ``counts`` may have one column more, for "none of them".
        counts: How many by label (rows) and answer (columns).
        address: Page with those of a cell, from its row and column.
    """
    columns = [*classes, *([_("none")] if counts and len(counts[0]) > len(classes) else [])]
    rows = []
    for at, name in enumerate(classes):
        total = sum(counts[at])
        cells = [
            {"count": count, "share": count / total if total else None, "url": address(at, column) if count else "",
             "shade": shade(count, total), "is_right": column == at, "column": columns[column]}
            for column, count in enumerate(counts[at])
        ]  # fmt: skip
        rows.append({"name": name, "cells": cells, "total": total, "recall": counts[at][at] / total if total else None})
    sums = [sum(row[column] for row in counts) for column in range(len(columns))]
    precision = [counts[at][at] / sums[at] if sums[at] and at < len(classes) else None for at in range(len(columns))]
    return {"columns": columns, "rows": rows, "precision": precision, "total": sum(sums)}


def shade(count: int, total: int) -> int:
    """How strongly a cell is tinted by its share of the row: 0 to 9, and at least 1 where there is anybody."""
    if not count or not total:
        return 0
    return max(1, min(SHADES - 1, round((SHADES - 1) * count / total)))
