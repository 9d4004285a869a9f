"""The tables that a batch left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from cvstudio.inference.errors import ResultsMissingError
from cvstudio.inference.models import InferenceJob
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import RunState

#: Tables by kind; COCO only of boxes and masks, maps of classes only of masks.
MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "coco.json": "application/json",
    "masks.zip": "application/zip",
}
TITLES = {"csv": "CSV", "json": "JSON", "coco.json": "COCO", "masks.zip": _("Maps of classes")}


@dataclass(frozen=True)
class Table:
    """A file of results, ready to be sent."""

    path: Path
    name: str
    media_type: str


def results_of(job: InferenceJob, kind: str) -> Table:
    """The table of a completed batch.

    Args:
        job: The caller has checked that the person may see it.
        kind: One of `MEDIA_TYPES`.

    Raises:
        ResultsMissingError: There is none, or not yet.
    """
    if kind not in MEDIA_TYPES:
        raise ResultsMissingError(
            f"There are no results as {kind[:20]!r}.", hint=f"Ask for one of {', '.join(MEDIA_TYPES)}.", where="format"
        )
    if job.run is None or job.run.state != RunState.COMPLETED:
        raise ResultsMissingError("This job has no table of results yet.", hint="Wait until its run has completed.")
    path = run_folder(job.run.id) / "artifacts" / f"predictions.{kind}"
    if not path.is_file():
        raise missing_results("The results are gone from the run directory.")
    return Table(path, f"predictions-{str(job.id)[:8]}.{kind}", MEDIA_TYPES[kind])


def missing_results(message: str) -> ResultsMissingError:
    """The error for what a batch does not have, or not any more."""
    return ResultsMissingError(message, hint="Predict the batch again.")


def kinds_of(job: InferenceJob) -> list[str]:
    """The tables that a completed batch left."""
    if job.run is None or job.run.state != RunState.COMPLETED:
        return []
    folder = run_folder(job.run.id) / "artifacts"
    return [kind for kind in MEDIA_TYPES if (folder / f"predictions.{kind}").is_file()]
