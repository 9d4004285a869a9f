"""What all tabs of a data set's page share: the data set, the version that is looked at, tabs, progress."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest

from cvstudio.datasets import selectors
from cvstudio.datasets.errors import NotFoundError
from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.datasets.presentation import is_paused, is_working, readings_shown, revision_lines, tabs_of
from cvstudio.datasets.services.delete_dataset import dependents_of, owned_bytes


def found(request: HttpRequest, dataset_id: UUID) -> tuple[Dataset, DatasetVersion]:
    """The data set, and the version that is looked at.

    Raises:
        Http404: There is none, or it belongs to somebody else.
    """
    number = request.GET.get("version") or request.POST.get("version") or ""
    try:
        dataset = selectors.visible_dataset(request.user, dataset_id)
        return dataset, selectors.version_of(dataset, int(number) if number.isdecimal() and len(number) < 9 else None)
    except NotFoundError as error:
        raise Http404 from error


def head(request: HttpRequest, dataset: Dataset, version: DatasetVersion, here: str) -> dict[str, Any]:
    """What every tab shows around its content."""
    return {
        "tabs": tabs_of(dataset, version),
        "here": here,
        "is_current": version.id == dataset.current_version_id,
        "frees": owned_bytes(dataset),
        "dependents": dependents_of(dataset, request.user),  # type: ignore[arg-type]
        "revision_lines": revision_lines(version),
        **import_context(dataset, version),
    }


def import_context(dataset: Dataset, version: DatasetVersion) -> dict[str, Any]:
    """Where the import stands."""
    return {
        "dataset": dataset,
        "version": version,
        "is_working": is_working(version),
        "is_paused": is_paused(version),
        "can_accept": version.fault.get("code") == "import.rejects",
        "readings": readings_shown(version) if version.state == DatasetVersion.State.FAILED else [],
    }
