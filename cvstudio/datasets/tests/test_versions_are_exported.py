"""A version is written in other layouts by a run; its file is linked, and what it lost is named."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.test import Client

from cvstudio.datasets.models import Dataset, DatasetExport
from cvstudio.datasets.services.create_dataset import create_from_folder
from cvstudio.datasets.services.delete_dataset import delete_dataset
from cvstudio.datasets.services.start_export import formats_for, start_export
from cvstudio.datasets.tests.carry_out import carry_out_all, newest
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Artifact, Run
from ml_core.errors import CodedError

API = "/api/v1/datasets"


def record_archive(export: DatasetExport) -> Artifact:
    """What the supervisor of a run does with its files."""
    assert export.run is not None
    path = run_folder(export.run.id) / "artifacts" / "export.zip"
    return Artifact.objects.create(
        run=export.run, name="export.zip", path="artifacts/export.zip", media_type="application/zip",
        size_bytes=path.stat().st_size, sha256="0" * 64,
    )  # fmt: skip


def test_an_export_names_what_it_lost_and_comes_back(alice: Any, alice_page: Client, masks: Dataset, root: Any) -> None:
    address = f"/datasets/{masks.id}/exports"
    assert "Nothing was exported yet" in alice_page.get(address).content.decode()
    alice_page.post(f"/datasets/{masks.id}/do/export", {"format": "yolo", "version": "1"})
    waiting = alice_page.get(address).content.decode()
    assert "/export-list?version=1" in waiting
    carry_out_all()
    export = DatasetExport.objects.get()
    assert export.report["annotations"]["in"] == 3
    archive = record_archive(export)
    text = alice_page.get(address).content.decode()
    assert "What the format cannot hold" in text
    assert f"/artifacts/{archive.id}/download" in text
    assert "/export-list?version=1" not in text
    content = b"".join(alice_page.get(f"/api/v1/training/{export.run_id}/artifacts/{archive.id}/download"))
    with zipfile.ZipFile(io.BytesIO(content)) as written:
        written.extractall(root / "again")  # noqa: S202 - our own archive
    again = create_from_folder(alice, str(root / "again"))
    carry_out_all()
    assert newest(again).counts["annotations"]["kept"] == export.report["annotations"]["out"]


def test_the_api_writes_and_lists(alice_api: Any, boxes: Dataset) -> None:
    url = f"{API}/{boxes.id}/versions/1/exports"
    made = alice_api.post(url, {"format": "coco", "boxes_only": True}, format="json")
    assert (made.status_code, made.json()["state"]) == (202, "queued")
    carry_out_all()
    record_archive(DatasetExport.objects.get())
    [entry] = alice_api.get(url).json()["results"]
    assert (entry["format"], entry["boxes_only"], entry["state"]) == ("coco", True, "completed")
    assert entry["report"]["images"] == {"in": 8, "out": 8, "left_out": 0}
    assert entry["files"][0].endswith("/download")
    assert alice_api.post(url, {"format": "word"}, format="json").status_code == 400


def test_images_of_classes_go_into_folders_alone(dataset: Dataset) -> None:
    version = newest(dataset)
    assert formats_for(version) == ["classification"]
    with pytest.raises(CodedError, match="format"):
        start_export(version, "coco")
    start_export(version, "classification")
    carry_out_all()
    assert DatasetExport.objects.get().report["images"]["out"] == 15


def test_an_export_that_waits_ends_with_its_data_set(alice: Any, boxes: Dataset) -> None:
    export = start_export(newest(boxes), "coco")
    delete_dataset(Dataset.objects.get(id=boxes.id), alice)
    assert Run.objects.get(id=export.run_id).state == "stopped"
    assert not DatasetExport.objects.exists()


def test_an_export_outlives_its_run_without_its_file(alice_page: Client, boxes: Dataset) -> None:
    start_export(newest(boxes), "voc")
    carry_out_all()
    Run.objects.filter(recipe="data.export").delete()
    assert "Its run was deleted" in alice_page.get(f"/datasets/{boxes.id}/exports").content.decode()
