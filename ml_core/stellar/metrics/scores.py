"""All measures of a set of answers, for all stars and for each group of S/N, with errors."""

from __future__ import annotations

import math
from typing import Any, Final, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml_core.stellar.metrics.bootstrap import bootstrap_errors
from ml_core.stellar.metrics.tally import MetricError, Tallier, answers
from ml_core.stellar.spectra.snr import GROUP_LIMIT

GROUPS: Final = ("all", "low", "high")
MEASURES: Final = ("macro_f1", "accuracy", "within_one", "ece")


class GroupScores(TypedDict):
    """Measures of one group; None without stars, errors None for fewer than two."""

    n: int
    macro_f1: float | None
    accuracy: float | None
    within_one: float | None
    ece: float | None
    error: dict[str, float | None]


def group_masks(sn: ArrayLike) -> dict[str, NDArray[np.bool_]]:
    """Which stars belong to ``all``, ``low`` (S/N < 5, also unknown S/N) and ``high``."""
    values = np.asarray(sn, np.float64)
    high = values >= GROUP_LIMIT
    return {"all": np.ones(values.shape, bool), "low": ~high, "high": high}


def score_groups(
    probabilities: ArrayLike, labels: ArrayLike, sn: ArrayLike, *, seed: int = 0
) -> dict[str, GroupScores]:
    """Measures of each group of stars.

    Args:
        probabilities: (N, 5), rows that sum to 1.
        labels: (N,) 0..4; stars with anything else are not scored.
        sn: (N,) median S/N of the spectra.
        seed: Of the bootstrap.

    Raises:
        MetricError: The arguments do not fit together.
    """
    told = answers(probabilities, labels)
    signal = np.asarray(sn, np.float64)
    if signal.shape != told.kept.shape:
        raise MetricError("Each star needs one S/N.", hint="Give 0 where there is no spectrum.")
    tallier = Tallier(told)
    scores: dict[str, GroupScores] = {}
    for group, mask in group_masks(signal[told.kept]).items():
        chosen = np.flatnonzero(mask)
        found = _plain(tallier.tally(chosen).measures())
        scores[group] = GroupScores(
            n=len(chosen), macro_f1=found["macro_f1"], accuracy=found["accuracy"], within_one=found["within_one"],
            ece=found["ece"], error=_plain(bootstrap_errors(tallier, chosen, seed)),
        )  # fmt: skip
    return scores


def score(probabilities: ArrayLike, labels: ArrayLike, sn: ArrayLike, *, seed: int = 0) -> dict[str, Any]:
    """The same as a table of results shows it.

    Returns:
        ``n``, ``macro_f1`` and ``accuracy`` as {all, low, high}; ``within_one`` and ``ece`` of all stars; ``groups``
        with every measure and its error (`score_groups`).
    """
    groups = score_groups(probabilities, labels, sn, seed=seed)
    return {
        "n": {name: groups[name]["n"] for name in GROUPS},
        "macro_f1": {name: groups[name]["macro_f1"] for name in GROUPS},
        "accuracy": {name: groups[name]["accuracy"] for name in GROUPS},
        "within_one": groups["all"]["within_one"],
        "ece": groups["all"]["ece"],
        "groups": groups,
    }


def _plain(values: dict[str, float]) -> dict[str, float | None]:
    """JSON knows no NaN."""
    return {name: None if math.isnan(value) else value for name, value in values.items()}
