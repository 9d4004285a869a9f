"""From answers to the numbers of ``result.json``: means over seeds, two kinds of error, and paired comparisons."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.stellar.metrics import GROUPS, MEASURES, group_masks, paired_difference, score_groups

Floats = NDArray[np.floating[Any]]

ORDER: Final = ("fusion", "spectrum", "image", "photometry", "fusion_plain", "chi2", "random_forest", "colours")
_RIVALS: Final = ("spectrum", "image", "fusion_plain", "random_forest")


def summarise(
    seeds: Sequence[Mapping[str, Floats]],
    labels: NDArray[Any],
    sn: NDArray[Any],
    facts: Sequence[Mapping[str, Mapping[str, float]]],
) -> dict[str, Any]:
    """Scores of every name, each a mean over the seeds.

    ``macro_f1`` and ``accuracy`` are {all, low, high}, ``within_one`` and ``ece`` numbers. ``spread`` has the same form
    and is the standard deviation over seeds (another training; 0 with one seed), ``error`` the bootstrap's (another
    draw of test stars). ``by_group`` has all measures of all groups, ``by_seed`` the macro-F1 of each seed.

    Args:
        seeds: Probabilities (N, 5) by name, for each seed.
        labels: (N,).
        sn: (N,).
        facts: Of each seed: ``train_s``, ``classify_s``, ``refused`` by name.
    """
    found = {}
    for name in (name for name in ORDER if name in seeds[0]):
        groups = [score_groups(answers[name], labels, sn) for answers in seeds]
        by_group = {group: _over_seeds([scores[group] for scores in groups]) for group in GROUPS}
        table = {
            kind: {
                "macro_f1": {group: by_group[group][kind]["macro_f1"] for group in GROUPS},
                "accuracy": {group: by_group[group][kind]["accuracy"] for group in GROUPS},
                "within_one": by_group["all"][kind]["within_one"],
                "ece": by_group["all"][kind]["ece"],
            }
            for kind in ("mean", "spread", "error")
        }
        spent = {
            key: statistics.fmean(told[name][key] for told in facts)
            for key in ("train_s", "classify_s", "refused")
            if key in facts[0].get(name, {})
        }
        found[name] = {
            **table["mean"], "spread": table["spread"], "error": table["error"],
            "n": {group: groups[0][group]["n"] for group in GROUPS}, "seeds": len(seeds),
            "by_group": {group: by_group[group]["mean"] for group in GROUPS},
            "by_seed": [{group: scores[group]["macro_f1"] for group in GROUPS} for scores in groups], **spent,
        }  # fmt: skip
    return found


def compare(
    seeds: Sequence[Mapping[str, Floats]], labels: NDArray[Any], sn: NDArray[Any], first: str = "fusion"
) -> dict[str, Any]:
    """By how much ``first`` is better in macro-F1 on the same stars, by rival and group: ``difference``, ``error``."""
    found: dict[str, Any] = {}
    masks = group_masks(sn)
    for rival in _RIVALS if first in seeds[0] else ():
        if rival not in seeds[0]:
            continue
        found[rival] = {}
        for group, mask in masks.items():
            pairs = [paired_difference(told[first][mask], told[rival][mask], labels[mask]) for told in seeds]
            difference, error = (float(np.mean(values)) for values in zip(*pairs, strict=True))
            is_known = not np.isnan(difference)
            found[rival][group] = {"difference": difference, "error": error} if is_known else None
    return found


def _over_seeds(scores: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Mean and spread of the measures of one group, and its bootstrap error averaged; None for an empty group."""
    means: dict[str, float | None] = {}
    spreads: dict[str, float | None] = {}
    errors: dict[str, float | None] = {}
    for measure in MEASURES:
        values = [value[measure] for value in scores]
        if values[0] is None:
            means[measure], spreads[measure], errors[measure] = None, None, None
            continue
        means[measure] = statistics.fmean(values)
        spreads[measure] = statistics.stdev(values) if len(values) > 1 else 0.0
        drawn = [value["error"][measure] for value in scores]
        errors[measure] = statistics.fmean(drawn) if drawn[0] is not None else None
    return {"mean": means, "spread": spreads, "error": errors}
