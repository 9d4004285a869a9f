"""Compares several runs: which settings differ, and how the results do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cvstudio.runs.listing import metrics_of
from cvstudio.runs.models import Run

MAX_RUNS = 12
_MISSING = object()


@dataclass(frozen=True)
class Difference:
    """One setting over all compared runs.

    Attributes:
        key: Dotted name of the setting.
        values: Text of its value for each run, in order; "–" where the run has no such setting.
        differs: Whether the runs disagree.
    """

    key: str
    values: tuple[str, ...]
    differs: bool


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested mappings into dotted keys. Lists and empty mappings stay as they are."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            flat.update(flatten(value, f"{name}."))
        else:
            flat[name] = value
    return flat


def compare_settings(runs: Sequence[Run]) -> list[Difference]:
    """Compare recipe, seed, data, architecture and configuration; what differs comes first."""
    flats = [_facts(run) for run in runs]
    keys = list(dict.fromkeys(key for flat in flats for key in flat))
    found = []
    for key in keys:
        values = [flat.get(key, _MISSING) for flat in flats]
        texts = tuple("–" if value is _MISSING else _text(value) for value in values)
        found.append(Difference(key, texts, len(set(texts)) > 1))
    return sorted(found, key=lambda difference: not difference.differs)


def compare_metrics(runs: Sequence[Run]) -> list[tuple[str, list[Any]]]:
    """Return each metric with its value for every run (None where a run has none)."""
    tables = [metrics_of(run) for run in runs]
    return [
        (name, [table.get(name) for table in tables]) for name in sorted({name for table in tables for name in table})
    ]


def _facts(run: Run) -> dict[str, Any]:
    config = dict(run.config)
    if run.architecture_version:
        config.pop("graph", None)  # the architecture and its version say it shorter
    return {
        "recipe": run.recipe,
        "seed": run.seed,
        "data set": str(run.dataset_version) if run.dataset_version else None,
        "architecture": str(run.architecture_version) if run.architecture_version else None,
        **flatten(config),
    }


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
