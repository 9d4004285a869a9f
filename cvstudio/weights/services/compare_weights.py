"""Compares two versions on one data set, as a run, and reads what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _

from cvstudio.datasets.models import DatasetVersion
from cvstudio.runs.models import Run
from cvstudio.runs.services.create_run import create_run
from cvstudio.runs.tables import read_table
from cvstudio.weights import library
from cvstudio.weights.errors import WeightError
from cvstudio.weights.models import WeightVersion
from ml_core.vision.compare.config import COMPARISON_FILE, TASKS

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

RECIPE: Final = "vision.compare"
SPLITS: Final = ("test", "val", "train")
_MAX_BYTES: Final = 64 * 2**20


def can_be_compared(version: WeightVersion) -> bool:
    """Whether weights of its task can be compared on images."""
    return version.weight.task in TASKS


def compare_weights(
    first: WeightVersion, second: WeightVersion, data: DatasetVersion, owner: User, *, split: str = "test"
) -> Run:
    """Queue the comparison.

    Raises:
        WeightError: The two cannot be compared, or not on these data.
        FilesMissingError: The folder of one is gone.
        QuotaError: Too many runs of this person wait already.
    """
    task = first.weight.task
    if first.id == second.id:
        raise WeightError("A weight is compared with another one.", code="weights.compare_same", where="second",
                          hint="Choose two different versions.")  # fmt: skip
    if task not in TASKS or second.weight.task != task:
        raise WeightError("Only two classifiers or two detectors can be compared.", code="weights.compare_task",
                          hint="Choose weights of the same task.", where="second")  # fmt: skip
    if data.state != DatasetVersion.State.READY or data.task != TASKS[task]:
        raise WeightError("The data set version is not ready, or has other labels than these weights answer with.",
                          code="weights.compare_data", hint="Choose one like that they were trained on.",
                          where="dataset_version")  # fmt: skip
    if split not in SPLITS or not data.counts.get("splits", {}).get(split):
        raise WeightError("The data set version has no images in this split.", code="weights.compare_split",
                          hint="Choose another split.", where="split")  # fmt: skip
    return create_run(
        owner=owner,
        recipe=RECIPE,
        config={
            "first": str(library.folder_of(first)), "second": str(library.folder_of(second)),
            "version": data.folder, "root": data.root, "split": split,
        },
        name=_("%(first)s against %(second)s") % {"first": str(first)[:90], "second": str(second)[:90]},
        dataset_version=data,
    )  # fmt: skip


def compared_versions(run: Run) -> list[WeightVersion | None]:
    """The first and the second version; None for one that was deleted since."""
    return [library.version_of_folder(Path(str(run.config.get(side, "")))) for side in ("first", "second")]


def comparison_of(run: Run) -> dict[str, Any] | None:
    """What the run wrote; None where there is nothing that can be read."""
    written = run.artifacts.filter(name=COMPARISON_FILE).first()
    return read_table(written, _MAX_BYTES) if written is not None else None
