"""Only folders below the allowed roots may be registered, whatever the text says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cvstudio.datasets.errors import FolderNotAllowedError
from cvstudio.datasets.models import Dataset
from cvstudio.datasets.services.resolve_folder import OWN_FOLDERS, resolve_folder, view_folder
from cvstudio.datasets.tests.carry_out import carry_out_all, image_folder, newest

URL = "/api/v1/datasets"


def test_a_folder_below_a_root_is_registered_and_stays_where_it_is(alice_api: Any, root: Path) -> None:
    folder = image_folder(root / "pets", {"cats": 4, "dogs": 4})
    answer = alice_api.post(URL, {"path": str(folder), "name": "Pets", "options": {"seed": 1, "test": 0}})
    assert answer.status_code == 201, answer.json()
    carry_out_all()
    version = newest(Dataset.objects.get())
    assert (version.state, version.root) == ("ready", str(folder))
    assert version.images.count() == 8


def hostile_paths(root: Path) -> dict[str, str]:
    outside = root.parent / "outside"
    sibling = root.parent / (root.name + "2")
    for folder in (outside, sibling):
        folder.mkdir(exist_ok=True)
    (root / "link").symlink_to(outside)
    (root / "file.txt").write_text("x")
    return {
        "outside": str(outside),
        "sibling with the root's name in front": str(sibling),
        "link that leads out": str(root / "link"),
        "dots": str(root / ".." / "outside"),
        "file": str(root / "file.txt"),
        "system": "/etc",
        "relative": "pets",
        "empty": " ",
        "missing": str(root / "missing"),
        "scheme": f"file://{root}",
        "encoded": f"{root}/%2e%2e/outside",
        "double encoded": f"{root}/%252e%252e",
        "backslash": f"{root}\\..\\outside",
        "home": "~",
        "long": f"{root}{'/x' * 400}",
        "unc": "//host/share",
        "drive": "C:\\",
    }


def test_every_other_path_gets_the_same_refusal(alice_api: Any, root: Path) -> None:
    for kind, path in hostile_paths(root).items():
        answer = alice_api.post(URL, {"path": path})
        assert answer.status_code == 400, kind
        if kind != "empty":
            assert answer.json()["code"] == "dataset.folder_not_allowed", kind
            assert answer.json()["message"] == "This folder cannot be registered.", kind
    with pytest.raises(FolderNotAllowedError):
        resolve_folder(str(root) + "\0")
    assert Dataset.objects.count() == 0


def test_the_studios_own_folders_are_not_registered(alice_api: Any, settings: Any) -> None:
    settings.DATASET_ROOTS = [Path(settings.DATA_DIR).parent]
    for path in (settings.DATASETS_DIR, settings.UPLOAD_DIR, settings.DATA_DIR, Path(settings.DATA_DIR).parent):
        assert alice_api.post(URL, {"path": str(path)}).json()["code"] == "dataset.folder_not_allowed"


def test_own_folders_outside_the_data_folder_are_not_registered(alice_api: Any, settings: Any, root: Path) -> None:
    for name in OWN_FOLDERS[1:]:
        folder = root / name
        (folder / "of-somebody-else").mkdir(parents=True)
        setattr(settings, name, folder)
        for path in (folder, folder / "of-somebody-else", root):
            answer = alice_api.post(URL, {"path": str(path)})
            assert answer.json()["code"] == "dataset.folder_not_allowed", (name, path)


def test_without_roots_nothing_is_allowed(alice_api: Any, settings: Any, tmp_path: Path) -> None:
    settings.DATASET_ROOTS = []
    answer = alice_api.post(URL, {"path": str(tmp_path)})
    assert "DATASET_ROOTS" in answer.json()["hint"]
    assert alice_api.get(f"{URL}/folders").json()["folders"] == []


def test_folders_can_be_looked_through(alice_api: Any, root: Path) -> None:
    image_folder(root / "pets", {"cats": 1})
    (root / ".hidden").mkdir()
    start = alice_api.get(f"{URL}/folders").json()
    assert [entry["path"] for entry in start["folders"]] == [str(root)]
    below = alice_api.get(f"{URL}/folders", {"path": str(root)}).json()
    assert [entry["name"] for entry in below["folders"]] == ["pets"]
    assert (below["parent"], view_folder(str(root / "pets")).parent) == ("", str(root))
    assert alice_api.get(f"{URL}/folders", {"path": "/etc"}).status_code == 400


def test_the_sample_needs_nothing(alice_api: Any, monkeypatch: Any) -> None:
    from ml_core.data import import_images

    few = import_images.write_digits
    monkeypatch.setattr(import_images, "write_digits", lambda root: few(root, per_class=10))
    body = alice_api.post(URL, {"source": "sample"}).json()
    assert body["name"] == "Handwritten digits"
    carry_out_all()
    version = newest(Dataset.objects.get(id=body["id"]))
    assert version.classes == [str(digit) for digit in range(10)]
    assert version.counts["splits"] == {"train": 80, "val": 10, "test": 10}
