"""Put the making of a collection's next version into the queue, by another recipe than an import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from anime.errors import BusyError
from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.datasets.storage import version_folder
from cvstudio.runs.services.create_run import create_run


def start_version(
    dataset: Dataset,
    *,
    recipe: str,
    title: str,
    images: Callable[[int], str],
    config: Callable[[int, str], dict[str, Any]],
) -> DatasetVersion:
    """Make the row of the version and the run that fills its folder.

    Args:
        dataset: Whose version it is.
        recipe: Leaves a version folder.
        title: Of the run.
        images: From the version's number to the folder of its images.
        config: From the number and the version's folder to the recipe's settings.

    Raises:
        BusyError: A version is being made already.
        QuotaError: Too many runs of this person wait already.
    """
    with transaction.atomic():
        Dataset.objects.select_for_update().get(id=dataset.id)
        if dataset.versions.filter(state=DatasetVersion.State.IMPORTING).exists():
            raise BusyError("A version of this collection is being made.", hint="Wait until it is ready.")
        last = dataset.versions.order_by("-number").first()
        number = last.number + 1 if last else 1
        folder = str(version_folder(dataset.id, number))
        run = create_run(owner=dataset.owner, recipe=recipe, config=config(number, folder), name=title[:200])
        return DatasetVersion.objects.create(
            dataset=dataset, number=number, source=images(number), folder=folder, import_run=run
        )
