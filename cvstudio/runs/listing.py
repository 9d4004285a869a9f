"""What a table of runs may be asked for: filters, columns and sorts, all from the address."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cvstudio.common.keyset import Sort
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.states import ACTIVE

STATE_GROUPS: dict[str, tuple[str | Promise, frozenset[str]]] = {
    "active": (_("In flight"), frozenset({RunState.QUEUED, *ACTIVE})),
    "attention": (_("Needs you"), frozenset({RunState.FAILED, RunState.PAUSED, RunState.LOST})),
    "ended": (_("Ended"), frozenset({RunState.COMPLETED, RunState.STOPPED, RunState.FAILED})),
}
SORTS = {
    "created": Sort("created_at", "time"),
    "name": Sort("name"),
    "state": Sort("state"),
    "recipe": Sort("recipe"),
    "owner": Sort("owner__username"),
    "active": Sort("active_s", "number"),
    "ended": Sort(Coalesce("ended_at", "created_at"), "time"),
}
DEFAULT_COLUMNS = ("state", "progress", "metrics", "data", "active", "created")
MAX_METRIC_COLUMNS = 12


@dataclass(frozen=True)
class Column:
    """A column of the table: its key, its title, the sort it answers to, and whether it holds numbers."""

    key: str
    title: str | Promise
    sort: str = ""
    numeric: bool = False


COLUMNS = (
    Column("state", _("State"), "state"),
    Column("progress", _("Progress")),
    Column("metrics", _("Metrics")),
    Column("recipe", _("Recipe"), "recipe"),
    Column("data", _("Data and architecture")),
    Column("owner", _("Owner"), "owner"),
    Column("epoch", _("Epoch"), numeric=True),
    Column("active", _("At work"), "active", numeric=True),
    Column("created", _("Created"), "created"),
    Column("ended", _("Ended"), "ended"),
    Column("notes", _("Notes")),
)


@dataclass(frozen=True)
class Filters:
    """The filters of an address; what is not understood is left out."""

    text: str = ""
    state: str = ""
    recipe: str = ""
    owner: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> Filters:
        """Read the address."""
        state = query.get("state", "")
        known = state in STATE_GROUPS or state in RunState.values
        return cls(
            text=query.get("q", "").strip()[:200],
            state=state if known else "",
            recipe=query.get("recipe", "")[:100],
            owner=query.get("owner", "")[:150],
        )

    @property
    def any(self) -> bool:
        """Whether something is filtered."""
        return any((self.text, self.state, self.recipe, self.owner))

    def apply(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        """Return the runs that pass."""
        if self.text:
            runs = runs.filter(Q(name__icontains=self.text) | Q(notes__icontains=self.text))
        if self.state:
            group = STATE_GROUPS.get(self.state)
            runs = runs.filter(state__in=group[1] if group else [self.state])
        if self.recipe:
            runs = runs.filter(recipe=self.recipe)
        if self.owner:
            runs = runs.filter(owner__username=self.owner)
        return runs


def metric_names(runs: Iterable[Run]) -> list[str]:
    """Names of the metrics that these runs have, those of validation first."""
    names = {name for run in runs for name in metrics_of(run)}
    rank = {"val": 0, "test": 1, "train": 2}
    return sorted(names, key=lambda name: (rank.get(name.partition("/")[0], 3), name))[:MAX_METRIC_COLUMNS]


def metrics_of(run: Run) -> dict[str, Any]:
    """The numbers that speak for a run: of its whole epochs where there are any, else the latest."""
    return run.summary.get("epochs") or run.summary.get("latest") or {}


def chosen_columns(query: QueryDict, remembered: str = "") -> tuple[list[Column], list[str]]:
    """Return the columns to show and the metrics that got a column of their own (`metric:val/loss`)."""
    wish = query.get("columns") or remembered or ",".join(DEFAULT_COLUMNS)
    keys = [key for key in wish.split(",") if key]
    columns = [column for column in COLUMNS if column.key in keys]
    metrics = [key.removeprefix("metric:") for key in keys if key.startswith("metric:")][:MAX_METRIC_COLUMNS]
    return columns or [column for column in COLUMNS if column.key in DEFAULT_COLUMNS], metrics
