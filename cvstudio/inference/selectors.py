"""Reads of inference that several callers need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from cvstudio.datasets.models import DatasetImage, DatasetVersion
from cvstudio.inference.models import InferenceJob
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.references import the_one

_MOST_CHOICES = 100


@dataclass(frozen=True)
class Servable:
    """What a prediction needs to know of a weight; cheaper than its row."""

    id: UUID
    folder: str
    task: str
    size_bytes: int


def servable_weight(user: Any, which: Q) -> Servable | None:
    """The version that the person may predict with; one small query.

    Args:
        user: Who asks.
        which: As `cvstudio.weights.references.version_filter` reads it from a request.

    Raises:
        AmbiguousError: Several weights have this name and alias.
    """
    rows = WeightVersion.objects.visible_to(user).filter(which)
    found = the_one(rows.values_list("id", "folder", "weight__task", "size_bytes"))
    return Servable(*found) if found else None


def servable_weights(user: Any) -> QuerySet[WeightVersion]:
    """Versions that the person may predict with, with no more than a prediction needs. One query for one of them."""
    return (
        WeightVersion.objects.visible_to(user)
        .select_related("weight")
        .only("id", "number", "folder", "size_bytes", "created_at", "weight__id", "weight__name", "weight__task")
    )


def jobs_for(user: Any) -> QuerySet[InferenceJob]:
    """Jobs that the person may see with what lists show; one query."""
    return (
        InferenceJob.objects.visible_to(user)
        .select_related("owner", "run", "weight_version__weight")
        .defer("run__config", "run__preflight", "weight_version__facts", "weight_version__classes")
        .order_by("-created_at", "-id")
    )


def image_with_version(user: Any, image_id: UUID) -> DatasetImage | None:
    """An image of a data set that the person may see; one query."""
    return DatasetImage.objects.visible_to(user).select_related("version__dataset").filter(id=image_id).first()


def dataset_choices(user: Any) -> list[DatasetVersion]:
    """The newest data set versions that are ready; one query."""
    versions = (
        DatasetVersion.objects.visible_to(user)
        .filter(state=DatasetVersion.State.READY)
        .select_related("dataset")
        .defer("statistics", "evidence", "classes")
        .order_by("-created_at")
    )
    return list(versions[:_MOST_CHOICES])
