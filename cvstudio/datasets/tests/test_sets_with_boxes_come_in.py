"""Sets with boxes come in: every reading is shown, another may be chosen, places for classes alone say so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from cvstudio.datasets.models import Dataset, DatasetImage
from cvstudio.datasets.services.create_dataset import create_from_folder
from cvstudio.datasets.tests.carry_out import carry_out_all, image_folder, newest, ready_dataset
from ml_core.data.tests.label_sets import yolo_set


def test_a_set_with_boxes_becomes_a_version_without_classes_of_images(alice_api: Any, boxes: Dataset) -> None:
    body = alice_api.get(f"/api/v1/datasets/{boxes.id}").json()["current_version"]
    assert (body["task"], body["state"], body["classes"]) == ("detect", "ready", ["cat", "dog"])
    assert body["counts"]["annotations"]["kept"] == 8
    assert set(DatasetImage.objects.filter(version__dataset=boxes).values_list("label", flat=True)) == {None}
    assert alice_api.get(f"/api/v1/datasets/{boxes.id}").json()["format"] == "yolo"
    assert len(alice_api.get(f"/api/v1/datasets/{boxes.id}").json()["cover"]) == 4


def test_folders_of_classes_come_in_as_before(alice: Any, root: Path) -> None:
    dataset = ready_dataset(alice, image_folder(root / "pets", {"cats": 3, "dogs": 3}))
    version = newest(dataset)
    assert (version.task, version.classes) == ("classify", ["cats", "dogs"])
    assert all(image.label is not None for image in version.images.all())


def test_every_tab_of_a_set_with_boxes_opens(alice_page: Client, boxes: Dataset) -> None:
    for tab in ("", "/images", "/statistics", "/augmentation", "/versions", "/import", "/measuring"):
        assert alice_page.get(f"/datasets/{boxes.id}{tab}").status_code == 200
    text = alice_page.get(f"/datasets/{boxes.id}").content.decode()
    assert "Annotations by class and split" in text


def test_all_readings_are_shown_and_another_one_makes_a_version(alice: Any, alice_page: Client, root: Path) -> None:
    folder = yolo_set(root / "two")
    other = folder / "labels_segment"
    for path in sorted((folder / "labels").rglob("*.txt")):
        target = other / path.relative_to(folder / "labels")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("0 0.1 0.1 0.9 0.1 0.9 0.9\n")
    dataset = ready_dataset(alice, folder, accept_rejects=True)
    page = alice_page.get(f"/datasets/{dataset.id}")
    readings = page.context["readings"]
    wanted = next(n for n, reading in enumerate(readings) if reading["labels"][:1] == ["labels_segment"])
    assert sum(reading["is_taken"] for reading in readings) == 1
    assert not readings[wanted]["is_taken"]
    assert "Evidence" in page.content.decode()
    answer = alice_page.post(f"/datasets/{dataset.id}/do/read-otherwise", {"reading": str(wanted), "version": "1"})
    assert answer.status_code == 302
    carry_out_all()
    version = newest(dataset)
    assert (version.number, version.state, version.counts["annotations"]["polygons"]) == (2, "ready", 7)
    assert alice_page.get(f"/datasets/{dataset.id}").context["readings"][wanted]["is_taken"]


def test_what_is_not_recognised_shows_its_guesses_and_can_be_read_as_one(
    alice: Any, alice_page: Client, root: Path
) -> None:
    folder = image_folder(root / "flat", {"": 12})
    for number in range(4):
        (folder / f"{number:03d}.txt").write_text("not numbers\n" if number else "0 0.5 0.5 0.2 0.2\n")
    dataset = create_from_folder(alice, str(folder))
    carry_out_all()
    version = newest(dataset)
    assert version.state == "failed"
    readings = alice_page.get(f"/datasets/{dataset.id}").context["readings"]
    assert any(reading["can_choose"] for reading in readings)
    assert "Import it this way" in alice_page.get(f"/datasets/{dataset.id}").content.decode()


@pytest.mark.parametrize("number", ["99", "-1", "x", ""])
def test_a_reading_that_is_none_is_refused_in_words(number: str, alice_page: Client, boxes: Dataset) -> None:
    alice_page.post(f"/datasets/{boxes.id}/do/read-otherwise", {"reading": number})
    text = alice_page.get(f"/datasets/{boxes.id}").content.decode()
    assert "There is no such reading." in text
    assert boxes.versions.count() == 1


def test_a_person_may_insist_on_classes(alice: Any, root: Path) -> None:
    dataset = create_from_folder(alice, str(yolo_set(root / "b")), options={"task": "classify"})
    carry_out_all()
    assert newest(dataset).task == "classify" or newest(dataset).fault["code"] == "format.unrecognised"
