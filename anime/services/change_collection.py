"""Rename or describe a collection; choose its recogniser."""

from __future__ import annotations

from anime.models import Collection
from cvstudio.datasets.services.change_dataset import change_dataset


def change_collection(collection: Collection, *, name: str | None = None, description: str | None = None) -> None:
    """Change what is given; name and description are the data set's.

    Raises:
        DatasetError: The name is empty.
    """
    change_dataset(collection.dataset, name=name, description=description)
