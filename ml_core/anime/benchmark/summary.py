"""From the numbers of each seed to their means and spreads, in the same shape."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def row_of(compared: Mapping[str, Any]) -> dict[str, Any]:
    """What the benchmark says of teacher or student, from the comparison of `anime.distill`."""
    sources = {name: row["top1"] for name, row in compared.get("sources", {}).items()}
    return {
        "top1": compared["scores"]["top1"],
        "per_source": sources,
        "lowest_source": min(sources.values()) if sources else None,
        "ms_per_image": compared["ms"],
        "mb": compared["mb"],
        "calibration_error": compared["scores"]["ece"],
    }


def over_seeds(found: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Means and standard deviations (0 with one seed) of every number; what is no number is left out.

    A number that some seeds lack is averaged over the others; one that all lack is None.
    """
    return _joined(found, statistics.fmean), _joined(found, _spread)


def _spread(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


def _joined(found: Sequence[Mapping[str, Any]], how: Callable[[Sequence[float]], float]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for key in dict.fromkeys(key for one in found for key in one):
        values = [one[key] for one in found if one.get(key) is not None]
        if not values:
            joined[key] = None
        elif all(isinstance(value, Mapping) for value in values):
            joined[key] = _joined(values, how)
        elif all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            joined[key] = how([float(value) for value in values])
    return joined
