"""Try the making of a version once more after it failed."""

from __future__ import annotations

from django.db import transaction

from anime.errors import AnimeError, BusyError
from anime.models import Collection
from anime.services.create_collection import SAMPLE
from cvstudio.datasets.models import DatasetVersion
from cvstudio.datasets.services.retry_import import retry_import
from cvstudio.runs.models import RunState
from cvstudio.runs.services.create_run import create_run
from cvstudio.runs.states import ACTIVE


def retry_collection(collection: Collection, *, accept_rejects: bool = True) -> DatasetVersion:
    """Start the newest failed version again.

    Args:
        collection: Of which.
        accept_rejects: Go on however many files cannot be used; the person has seen the list of them.

    Raises:
        AnimeError: Nothing failed, or the corrections of the version wait again and are applied anew.
        BusyError: It is at work.
        QuotaError: Too many runs of this person wait already.
    """
    version = collection.dataset.versions.exclude(state=DatasetVersion.State.READY).order_by("-number").first()
    if version is None:
        raise AnimeError("Nothing has failed.", code="anime.nothing_failed", hint="The collection is ready.")
    run = version.import_run
    if run is not None and run.state in (RunState.QUEUED, RunState.PAUSED, *ACTIVE):
        raise BusyError("This is still going on.", hint="Wait for it, or stop it first.", where=str(run.id))
    if run is None or run.recipe == "data.import":
        return retry_import(version, {"accept_rejects": accept_rejects})
    if run.recipe != SAMPLE:
        raise AnimeError("The corrections wait again.", code="anime.corrections_wait", hint="Apply them anew.")
    with transaction.atomic():
        version.import_run = create_run(owner=run.owner, recipe=run.recipe, config=run.config, name=run.name)
        version.state, version.fault = DatasetVersion.State.IMPORTING, {}
        version.save(update_fields=["import_run", "state", "fault"])
    return version
