"""Runs a completed run once more, to see whether the same comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from cvstudio.runs.errors import RunConflictError
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.create_run import create_run

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

RECIPE = "run.repeat"


def repeat_run(run: Run, owner: User) -> Run:
    """Queue a repetition of ``run`` with the settings and the seed that it was sealed with.

    Raises:
        RunConflictError: The run was not completed, is no training, or its folder is gone.
        QuotaError: Too many runs of this user wait already.
    """
    folder = run_folder(run.id)
    if run.state != RunState.COMPLETED or run.queue != "train" or run.recipe == RECIPE:
        raise RunConflictError(
            "Only a completed training can be repeated and compared.",
            code="run.not_repeatable",
            hint="Wait until it is completed, or resume it.",
            where=str(run.id),
        )
    if not (folder / "run.json").is_file():
        raise RunConflictError(
            "The folder of this run is gone, so it cannot be repeated.",
            code="run.no_record",
            hint="Clone it: its settings are kept with its row.",
            where=str(run.id),
        )
    return create_run(
        owner=owner,
        recipe=RECIPE,
        config={"run": str(folder)},
        name=_("%(name)s, repeated") % {"name": run.name[:180]},
        dataset_version=run.dataset_version,
        architecture_version=run.architecture_version,
        parent=run,
    )
