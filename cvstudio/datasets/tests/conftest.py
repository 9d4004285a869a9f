"""Fixtures: an allowed root with pictures, and a data set of Alice's that is ready."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from cvstudio.datasets.tests.carry_out import image_folder, ready_dataset
from ml_core.data.tests.label_sets import coco_set, yolo_set

if TYPE_CHECKING:
    from cvstudio.accounts.models import User
    from cvstudio.datasets.models import Dataset


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    """A folder of the server whose folders may be registered."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    settings.DATASET_ROOTS = [folder]
    return folder


@pytest.fixture
def dataset(alice: User, root: Path) -> Dataset:
    """Cats and dogs with given splits, imported and measured."""
    folder = image_folder(root / "pets", {"cats": 6, "dogs": 4}, split="train")
    image_folder(folder, {"cats": 3, "dogs": 2}, split="val")
    return ready_dataset(alice, folder)


@pytest.fixture
def boxes(alice: User, root: Path) -> Dataset:
    """Eight images in YOLO's layout: two classes, boxes and a polygon, one empty, one without a label file."""
    return ready_dataset(alice, yolo_set(root / "boxes"), accept_rejects=True)


@pytest.fixture
def masks(alice: User, root: Path) -> Dataset:
    """Two images in COCO's layout: polygons, a crowd and a mask."""
    return ready_dataset(alice, coco_set(root / "masks"), accept_rejects=True)


@pytest.fixture
def alice_page(alice: User) -> Client:
    """A browser in which Alice has signed in."""
    client = Client()
    client.force_login(alice)
    return client
