"""Rename and describe a data set."""

from __future__ import annotations

from cvstudio.datasets.errors import DatasetError
from cvstudio.datasets.models import Dataset


def change_dataset(dataset: Dataset, *, name: str | None = None, description: str | None = None) -> Dataset:
    """Change what is given.

    Raises:
        DatasetError: The name is empty.
    """
    if name is not None:
        dataset.name = " ".join(name.split())[:200]
        if not dataset.name:
            raise DatasetError("A data set needs a name.", hint="Give it one.", where="name")
    if description is not None:
        dataset.description = description
    dataset.save(update_fields=["name", "description", "updated_at"])
    return dataset
