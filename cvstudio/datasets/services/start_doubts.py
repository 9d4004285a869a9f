"""Look for labels of a version that are likely wrong, and keep what was found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from cvstudio.accounts.models import User
from cvstudio.datasets.errors import DatasetError, NotFoundError, NotReadyError
from cvstudio.datasets.models import DatasetVersion
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.create_run import create_run
from cvstudio.runs.states import ACTIVE
from ml_core.data.doubts.check import TRAIN
from ml_core.data.doubts.report import DOUBTS_FILE, listed
from ml_core.data.manifest import VERSION_FILE
from ml_core.errors import FormatError

WAYS = ("description", "weight", "training")
DEFAULT_FOLDS = 3
_MAX_JUDGES = 50


def judges_for(version: DatasetVersion, user: User | Any) -> QuerySet[Run]:
    """Trainings whose weight or settings can judge a version, newest first (1 query)."""
    rows = Run.objects.visible_to(user).filter(recipe=TRAIN[version.task], state=RunState.COMPLETED)
    return rows.select_related("dataset_version__dataset").order_by("-created_at")[:_MAX_JUDGES]


def start_doubts(
    version: DatasetVersion, user: User | Any, *, by: str = "description", judge: str = "", folds: int = DEFAULT_FOLDS
) -> Run:
    """Put the search into the queue; one that waits or works already is returned as it is.

    Args:
        version: Whose labels are judged.
        user: Who asks.
        by: ``description``: classes by what the images are made of. ``weight``: by the weight of a training, which
            judges what it has not learnt from. ``training``: by as many trainings as there are folds.
        judge: Id of the training; for ``training`` of boxes it may be empty, which takes the usual settings.
        folds: Parts of the images, each judged by a training on the others.

    Raises:
        NotReadyError: The version has no images yet.
        NotFoundError: There is no such training.
        DatasetError: ``doubts.by``; ``doubts.seen``, what the weight learnt from is not known any more.
        QuotaError: Too many runs of this person wait already.
    """
    if version.state != DatasetVersion.State.READY:
        raise NotReadyError("This version is not ready yet.", hint="Wait until its import has ended.")
    known = version.doubts_run
    if known is not None and known.state in (RunState.QUEUED, *ACTIVE):
        return known
    recipe, more = _judged_by(version, user, by, judge, folds)
    with transaction.atomic():
        run = create_run(
            owner=version.dataset.owner,
            recipe=recipe,
            config={"version": version.folder, "root": version.root, **more},
            name=f"Look for wrong labels in {version.dataset.name} v{version.number}"[:200],
        )
        version.doubts_run = run
        version.save(update_fields=["doubts_run"])
    return run


def _judged_by(
    version: DatasetVersion, user: User | Any, by: str, judge: str, folds: int
) -> tuple[str, dict[str, Any]]:
    has_boxes = version.task == DatasetVersion.Task.DETECT
    if by not in WAYS:
        raise DatasetError("Labels cannot be judged in this way.", code="doubts.by", where="by",
                           hint=f"Ways: {', '.join(WAYS)}.")  # fmt: skip
    if by == "description":
        if has_boxes:
            raise DatasetError("Boxes are judged by a detector.", code="doubts.by", where="by",
                               hint="Choose a training, or train detectors for it.")  # fmt: skip
        return "data.doubts", {}
    if by == "training" and not judge and has_boxes:
        return "data.cross_doubts", {"folds": folds}
    training = next((run for run in judges_for(version, user) if str(run.id) == judge), None)
    if training is None:
        raise NotFoundError("There is no such training.", where="judge",
                            hint="Choose a completed training of a network for this kind of labels.")  # fmt: skip
    if by == "training":
        return "data.cross_doubts", {"settings": _settings_of(training), "folds": folds}
    seen = Path(training.config["data"]["version"])
    if not (seen / VERSION_FILE).is_file():
        raise DatasetError("It is not known any more what this weight has learnt from.", code="doubts.seen",
                           where="judge", hint="Choose another training, or train in parts.")  # fmt: skip
    return "data.doubts", {"weight": str(run_folder(training.id) / training.result["weight"]["path"]),
                           "seen": str(seen)}  # fmt: skip


def _settings_of(training: Run) -> dict[str, Any]:
    settings = {key: value for key, value in training.config.items() if key not in ("data", "initial_weights")}
    cache = {key: value for key, value in training.config["data"].items() if key not in ("version", "root")}
    return {**settings, "data": cache}


def finish_doubts(run: Run) -> None:
    """Take what was found into the database. May be called again for the same run.

    Raises:
        FormatError: The file is missing or damaged.
    """
    version = DatasetVersion.objects.filter(doubts_run=run).first()
    if version is None:
        return  # deleted meanwhile, or looked for anew since
    try:
        found = json.loads((Path(version.folder) / DOUBTS_FILE).read_text(encoding="utf-8"))
        version.doubts = {**found, "findings": listed(found["findings"])}
    except (OSError, ValueError, KeyError) as error:
        raise FormatError("The list of likely wrong labels cannot be read.", code="doubts.unreadable",
                          hint="Look for wrong labels again.", where=DOUBTS_FILE) from error  # fmt: skip
    version.save(update_fields=["doubts"])
