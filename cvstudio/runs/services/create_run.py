"""Creates a run of any recipe and puts it into the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.append_events import append_events
from cvstudio.runs.services.check_quota import check_quota
from cvstudio.runs.services.enqueue_run import enqueue_run
from cvstudio.runs.services.transition import state_event
from ml_core.run.config import parse_config
from ml_core.run.registry import get_recipe

if TYPE_CHECKING:
    from cvstudio.accounts.models import User
    from cvstudio.architectures.models import ArchitectureVersion
    from cvstudio.datasets.models import DatasetVersion


def create_run(
    *,
    owner: User,
    recipe: str,
    config: dict[str, Any],
    name: str = "",
    notes: str = "",
    dataset_version: DatasetVersion | None = None,
    architecture_version: ArchitectureVersion | None = None,
    parent: Run | None = None,
    preflight: dict[str, Any] | None = None,
) -> Run:
    """Check the configuration, store the run as queued, and tell the broker when the transaction is through.

    Args:
        owner: Whose run it is.
        recipe: Name in the registry of ``ml_core``.
        config: Plain values; defaults are filled in, so that the stored configuration is complete.
        name: For people; the recipe's title and the time when left out.
        notes: Free text.
        dataset_version: What it learns from, for lineage.
        architecture_version: What it trains, for lineage.
        parent: The run that this one was cloned from.
        preflight: The report of the checks made before.

    Raises:
        UnknownRecipeError: No recipe has this name.
        ConfigError: A key or value is wrong.
        QuotaError: Too many runs of this user wait already.
    """
    known = get_recipe(recipe)
    values = parse_config(known.config, config).model_dump(mode="json")
    with transaction.atomic():
        check_quota(owner)
        run = Run.objects.create(
            owner=owner,
            name=name or f"{known.title} {timezone.localtime():%Y-%m-%d %H:%M:%S}",
            notes=notes,
            recipe=known.name,
            queue=known.queue,
            config=values,
            seed=int(values.get("seed") or 0),
            dataset_version=dataset_version,
            architecture_version=architecture_version,
            parent=parent,
            preflight=preflight or {},
        )
        run.last_seq = append_events(run.id, [state_event(RunState.QUEUED)])
        transaction.on_commit(lambda: enqueue_run(run.id, run.queue))
    return run
