"""Keep a list of augmentation operations under a name."""

from __future__ import annotations

from typing import Any

from cvstudio.accounts.models import User
from cvstudio.datasets.errors import DatasetError
from cvstudio.datasets.models import AugmentationConfig
from ml_core.data.augment import parse_ops


def save_augmentation(owner: User, *, name: str, operations: list[dict[str, Any]]) -> AugmentationConfig:
    """Store a new one.

    Raises:
        ConfigError: An operation is wrong.
        DatasetError: The name is empty.
    """
    return _fill(AugmentationConfig(owner=owner), name, operations)


def change_augmentation(
    saved: AugmentationConfig, *, name: str, operations: list[dict[str, Any]]
) -> AugmentationConfig:
    """Replace name and operations.

    Raises:
        ConfigError: An operation is wrong.
        DatasetError: The name is empty.
    """
    return _fill(saved, name, operations)


def _fill(saved: AugmentationConfig, name: str, operations: list[dict[str, Any]]) -> AugmentationConfig:
    saved.name = " ".join(name.split())[:200]
    if not saved.name:
        raise DatasetError("An augmentation needs a name.", hint="Give it one.", where="name")
    saved.operations = [operation.model_dump(mode="json") for operation in parse_ops(operations)]
    saved.save()
    return saved
