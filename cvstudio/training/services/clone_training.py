"""Trains once more, with some settings changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from cvstudio.runs.models import Run
from cvstudio.training.errors import NotClonableError
from cvstudio.training.plan import CLASSIFY, RECIPES, Plan, without_ours
from cvstudio.training.services.create_training import create_training
from cvstudio.weights import library
from cvstudio.weights.models import WeightVersion

if TYPE_CHECKING:
    from cvstudio.accounts.models import User


def plan_of(run: Run, owner: User, changes: Mapping[str, Any]) -> Plan:
    """The plan of a run with changed settings.

    Raises:
        NotClonableError: The run is of another recipe.
    """
    needs_network = run.recipe == CLASSIFY and run.architecture_version is None
    if run.recipe not in RECIPES or run.dataset_version is None or needs_network:
        raise NotClonableError(
            f"A run of {run.recipe} cannot be cloned.", hint="Start it anew where it was started.", where=str(run.id)
        )
    return Plan(
        owner=owner,
        dataset_version=run.dataset_version,
        architecture_version=run.architecture_version,
        settings=merge(without_ours(run.config), changes),
        initial_weights=_initial_weights(run, owner),
        recipe=run.recipe,
    )


def clone_training(
    run: Run,
    *,
    owner: User,
    changes: Mapping[str, Any],
    name: str = "",
    acknowledge: Collection[str] = (),
) -> Run:
    """Queue a run like ``run``, with ``changes`` merged into its settings. What the user accepted there holds here.

    Raises:
        NotClonableError: The run is of another recipe.
        CodedError: See `create_training`.
    """
    accepted = {*acknowledge, *run.preflight.get("acknowledged", [])}
    plan = plan_of(run, owner, changes)
    return create_training(plan, name=name or run.name, notes=run.notes, acknowledge=accepted, parent=run)


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings with changes on top; a list or a value replaces what was there."""
    merged = dict(base)
    for key, value in changes.items():
        before = merged.get(key)
        merged[key] = merge(before, value) if isinstance(before, dict) and isinstance(value, Mapping) else value
    return merged


def _initial_weights(run: Run, owner: User) -> WeightVersion | None:
    """The weights that the run started from, as long as its owner may see them."""
    folder = run.config.get("initial_weights")
    if not folder:
        return None
    candidates = WeightVersion.objects.visible_to(owner).filter(folder=str(folder).rpartition("/")[2])
    return next((found for found in candidates if str(library.folder_of(found)) == folder), None)
