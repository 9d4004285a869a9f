"""Writes a version in formats of other programs, by a run that proves that they answer the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cvstudio.datasets.models import DatasetVersion
from cvstudio.runs.models import Run
from cvstudio.runs.services.create_run import create_run
from cvstudio.weights import library
from cvstudio.weights.errors import WeightError
from cvstudio.weights.models import WeightVersion

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

RECIPE: Final = "vision.export"
TASKS: Final = ("vision.classify", "vision.detect", "vision.segment")


def can_be_exported(version: WeightVersion) -> bool:
    """Whether other formats can be written of it."""
    return bool(version.weight.task in TASKS)


def export_weight(version: WeightVersion, owner: User) -> Run:
    """Queue the export; the formats are compared on the images that the weight was judged by.

    Raises:
        WeightError: Weights of this task have no other formats.
        FilesMissingError: The weight's folder is gone.
        QuotaError: Too many runs of this person wait already.
    """
    if not can_be_exported(version):
        raise WeightError(
            f"Weights of {version.weight.task} cannot be written in other formats yet.", code="weights.no_export",
            hint="Download the weight folder: its tensors are safetensors.", where=str(version.id),
        )  # fmt: skip
    return create_run(
        owner=owner,
        recipe=RECIPE,
        config={"weight": str(library.folder_of(version)), **_images(version)},
        name=_("%(name)s for other programs") % {"name": str(version)[:170]},
        dataset_version=version.dataset_version,
        architecture_version=version.architecture_version,
    )


def exports_of(version: WeightVersion, user: Any) -> QuerySet[Run]:
    """The exports of a version that a person may see, newest first."""
    made = Run.objects.visible_to(user).filter(recipe=RECIPE, config__weight=str(library.folder_of(version)))
    found: QuerySet[Run] = made.order_by("-created_at").prefetch_related("artifacts")
    return found


def _images(version: WeightVersion) -> dict[str, str]:
    data = version.dataset_version
    if data is None or data.state != DatasetVersion.State.READY:
        return {}
    return {"version": data.folder, "root": data.root}
