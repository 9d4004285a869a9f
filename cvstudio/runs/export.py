"""Writes a table of runs as CSV, row by row, so that any number of runs takes little memory."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import QuerySet

from cvstudio.runs.listing import metrics_of
from cvstudio.runs.models import Run

HEADER = (
    "id",
    "name",
    "state",
    "recipe",
    "owner",
    "data set",
    "architecture",
    "epoch",
    "step",
    "created",
    "ended",
    "seconds at work",
)
CHUNK = 500


class _Echo:
    """A file that hands each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def runs_as_csv(runs: QuerySet[Run], metrics: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the table; every metric in `metrics` gets a column."""
    writer = csv.writer(_Echo())
    yield writer.writerow([*HEADER, *metrics])
    for run in runs.iterator(chunk_size=CHUNK):
        values = metrics_of(run)
        yield writer.writerow(_harmless([*_facts(run), *(values.get(name, "") for name in metrics)]))


def _facts(run: Run) -> list[Any]:
    return [
        run.id,
        run.name,
        run.state,
        run.recipe,
        run.owner.get_username(),
        run.dataset_version or "",
        run.architecture_version or "",
        run.summary.get("epoch", ""),
        run.summary.get("step", ""),
        run.created_at.isoformat(),
        run.ended_at.isoformat() if run.ended_at else "",
        round(run.active_s, 1),
    ]


def _harmless(cells: Iterable[Any]) -> list[Any]:
    """Keep a spreadsheet from running a name as a formula."""
    return [
        f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell for cell in cells
    ]
