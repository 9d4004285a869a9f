"""Starts a search for better settings than those of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from cvstudio.runs.errors import RunConflictError
from cvstudio.runs.models import Run
from cvstudio.runs.search_space import searchable_settings
from cvstudio.runs.services.create_run import create_run
from ml_core.errors import ConfigError
from ml_core.run.config import parse_config
from ml_core.run.search.config import SearchConfig, check_space

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

RECIPE = "run.search"


def can_be_searched(run: Run) -> bool:
    """Whether the run is a training whose result has numbers to compare."""
    return run.queue == "train" and run.recipe not in (RECIPE, "run.repeat") and bool(result_metrics(run))


def result_metrics(run: Run) -> list[str]:
    """Names of the numbers that the run's result has; losses last, for people search for scores."""
    metrics = (run.result or {}).get("metrics") or {}
    return sorted((name for name, value in metrics.items() if isinstance(value, int | float)), key=_is_loss)


def _is_loss(name: str) -> bool:
    return "loss" in name


def start_search(
    run: Run, owner: User, *, space: Mapping[str, Any], metric: str, name: str = "", **options: Any
) -> Run:
    """Queue trials like ``run`` with settings from ``space``.

    Args:
        run: Its other settings, data and network stay as they are.
        owner: Whose search it is.
        space: Dotted names of settings with their ranges, see ``ml_core.run.search.config.Range``.
        metric: Name of the number of the result that counts.
        name: For people.
        options: ``direction``, ``method``, ``trials``, ``seed`` of the search.

    Raises:
        RunConflictError: The run has no result to compare with.
        ConfigError: A setting may not vary, or a range is wrong.
        QuotaError: Too many runs of this user wait already.
    """
    if not can_be_searched(run):
        raise RunConflictError(
            "Settings can be searched from a completed training alone.",
            code="run.not_searchable",
            hint="Train once first: its data, network and other settings are what every trial starts from.",
            where=str(run.id),
        )
    # Only what cannot name a file or a machine may vary; the rest was checked when the run was created.
    known = {setting.key for setting in searchable_settings(run)}
    if unknown := sorted(set(space) - known):
        raise ConfigError(
            f'The setting "{unknown[0]}" cannot vary.',
            hint=f"These can: {', '.join(sorted(known))}.",
            where=f"space.{unknown[0]}",
        )
    config = {"recipe": run.recipe, "settings": run.config, "space": dict(space), "metric": metric, **options}
    check_space(parse_config(SearchConfig, config))
    return create_run(
        owner=owner,
        recipe=RECIPE,
        config=config,
        name=name or _("Settings like those of %(name)s") % {"name": run.name[:170]},
        dataset_version=run.dataset_version,
        architecture_version=run.architecture_version,
        parent=run,
    )
