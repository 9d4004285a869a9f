"""Means and spreads of the benchmark, and its table for people."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Scores = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Scene, method, measure."""

MEASURES = ("auc", "ap", "seconds")
ORDER = (
    "combined", "lm_nll", "recon", "one_class", "training_free", "token_nll",
    "global_rx", "local_rx", "crd", "iforest", "morphological",
)  # fmt: skip


def ordered(methods: Iterable[str]) -> list[str]:
    """Methods in the order in which tables show them."""
    places = {name: place for place, name in enumerate(ORDER)}
    return sorted(set(methods), key=lambda name: (places.get(name, len(places)), name))


def summarise(by_seed: Mapping[int, Scores]) -> dict[str, Any]:
    """``scenes`` and ``mean`` of the result.

    A value is the mean over the seeds with which the method was run; ``auc_spread`` and ``ap_spread`` are standard
    deviations over them, 0 with one seed. ``mean`` averages over scenes; there ``worst_auc`` is the least mean AUC of
    a scene, and the spreads are those of the seeds' averages.
    """
    names = list(dict.fromkeys(name for scores in by_seed.values() for name in scores))
    methods = ordered(method for scores in by_seed.values() for found in scores.values() for method in found)
    scenes: dict[str, Any] = {name: {} for name in names}
    mean: dict[str, Any] = {}
    for method in methods:
        runs = [
            {name: scores[name][method] for name in names if method in scores.get(name, {})}
            for scores in by_seed.values()
        ]
        runs = [run for run in runs if run]
        for name in names:
            values = [run[name] for run in runs if name in run]
            if values:
                scenes[name][method] = _over_seeds(values)
        averages = [_average(list(run.values())) for run in runs]
        worst = min(scenes[name][method]["auc"] for name in names if method in scenes[name])
        mean[method] = _over_seeds(averages) | {"worst_auc": worst}
    return {"scenes": scenes, "mean": mean}


def _average(values: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {measure: statistics.fmean(value[measure] for value in values) for measure in MEASURES}


def _over_seeds(values: Sequence[Mapping[str, float]]) -> dict[str, float]:
    found = _average(values)
    for measure in ("auc", "ap"):
        several = [value[measure] for value in values]
        found[f"{measure}_spread"] = statistics.stdev(several) if len(several) > 1 else 0.0
    return found


def markdown(summary: Mapping[str, Any]) -> str:
    """The summary as a table: a row for each scene and one for the mean, AUC / AP in the cells."""
    mean = summary["mean"]
    methods = list(mean)
    lines = [
        "| scene | " + " | ".join(methods) + " |",
        "|---|" + "---|" * len(methods),
    ]
    for name, found in summary["scenes"].items():
        cells = [_cell(found[method]) if method in found else "" for method in methods]
        escaped = name.replace("|", "\\|")
        lines.append(f"| {escaped} | " + " | ".join(cells) + " |")
    lines.append("| **mean** | " + " | ".join(f"**{_cell(mean[method])}**" for method in methods) + " |")
    lines.append(
        "| spread over seeds | "
        + " | ".join(f"{mean[method]['auc_spread']:.4f} / {mean[method]['ap_spread']:.3f}" for method in methods)
        + " |"
    )
    lines.append("| worst AUC | " + " | ".join(f"{mean[method]['worst_auc']:.4f}" for method in methods) + " |")
    lines.append("| seconds a scene | " + " | ".join(f"{mean[method]['seconds']:.2f}" for method in methods) + " |")
    return "\n".join(lines) + "\n"


def _cell(scores: Mapping[str, float]) -> str:
    return f"{scores['auc']:.4f} / {scores['ap']:.3f}"
