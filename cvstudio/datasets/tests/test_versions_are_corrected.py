"""A correction is a run that makes the next version; the one before stays and can be taken again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from cvstudio.datasets.fix_words import FIX_WORDS, fixes_of
from cvstudio.datasets.models import Dataset
from cvstudio.datasets.services.delete_dataset import delete_dataset
from cvstudio.datasets.services.retry_import import retry_import
from cvstudio.datasets.services.revise_version import KNOWN_FIXES, revise_version
from cvstudio.datasets.shapes import open_table
from cvstudio.datasets.tests.carry_out import carry_out_all, image_folder, newest, ready_dataset
from cvstudio.runs.models import Run, RunState
from ml_core.data.tests.label_sets import yolo_set
from ml_core.errors import CodedError

API = "/api/v1/datasets"


@pytest.fixture
def faulty(alice: Any, root: Path) -> Dataset:
    """Boxes twice, beyond the image, without an area, and of a class without a name."""
    folder = yolo_set(root / "faulty")
    (folder / "labels/train/0.txt").write_text(
        "0 0.5 0.5 0.2 0.4\n0 0.5 0.5 0.2 0.4\n1 0.95 0.5 0.3 0.4\n1 0.2 0.2 0 0\n7 0.5 0.5 0.5 0.5\n"
    )
    return ready_dataset(alice, folder, accept_rejects=True)


def test_every_fix_has_words_and_a_finding() -> None:
    assert set(FIX_WORDS) == set(KNOWN_FIXES)
    assert [name for name, _ in fixes_of("unnamed_classes")] == ["remove_unnamed_classes", "name_unnamed_classes"]
    assert [name for name, _ in fixes_of("leaks")] == ["remove_exact_copies"]


def test_fixes_from_the_health_page_make_a_version_that_can_be_undone(alice_page: Client, faulty: Dataset) -> None:
    address = f"/datasets/{faulty.id}"
    page = alice_page.get(f"{address}/health")
    offered = {name for finding in page.context["findings"] for name, _ in finding["fixes"]}
    assert {"remove_doubled_boxes", "cut_boxes_beyond_frame", "remove_degenerate_boxes"} <= offered
    fixes = ["remove_doubled_boxes", "remove_degenerate_boxes", "cut_boxes_beyond_frame"]
    answer = alice_page.post(f"{address}/do/correct", {"fix": fixes, "version": "1"})
    assert answer["Location"] == f"{address}/health?version=2"
    assert "Correction" in alice_page.get(answer["Location"]).content.decode()
    carry_out_all()
    made = newest(faulty)
    assert (made.number, made.state, made.parent.number, made.root) == (2, "ready", 1, newest(faulty).root)
    assert made.counts["annotations"]["kept"] == 9
    text = alice_page.get(f"{address}/health").content.decode()
    assert "Annotations removed: 2" in text
    assert "Undo: back to version 1" in text
    codes = {finding["code"] for finding in alice_page.get(f"{address}/health").context["findings"]}
    assert not codes & {"doubled_boxes", "degenerate_boxes", "boxes_beyond_frame"}
    alice_page.post(f"{address}/do/choose", {"version": "1"})
    assert Dataset.objects.get(id=faulty.id).current_version.number == 1
    assert faulty.versions.count() == 2


def test_each_finding_opens_its_images(alice_page: Client, faulty: Dataset) -> None:
    for finding in alice_page.get(f"/datasets/{faulty.id}/health").context["findings"]:
        if finding["images"]:
            page = alice_page.get(finding["url"])
            assert page.context["total"] == len(finding["positions"])


def test_changes_by_hand_come_through_the_api(alice_api: Any, boxes: Dataset) -> None:
    before = newest(boxes)
    changes = [
        {"do": "remove", "row": 0}, {"do": "relabel", "row": 1, "label": 0},
        {"do": "move", "row": 3, "box": [8, 20, 19, 31]},
        {"do": "add", "image": 3, "label": 1, "box": [5, 5, 25, 45]}, {"do": "leave_out", "image": 7},
    ]  # fmt: skip
    answer = alice_api.post(f"{API}/{boxes.id}/versions/1/revisions", {"changes": changes}, format="json")
    assert (answer.status_code, answer.json()["number"], answer.json()["parent"]) == (201, 2, str(before.id))
    carry_out_all()
    made = newest(boxes)
    table = open_table(made)
    assert made.images.count() == 7
    assert [len(table.of_image(n)) for n in range(7)] == [1, 2, 0, 1, 1, 1, 1]
    assert int(table.label[0]) == 0
    assert table.corners_of(3, 100, 50).round(6).tolist() == [[5, 5, 25, 45]]
    difference = alice_api.get(f"{API}/{boxes.id}/versions/2/difference").json()
    assert difference["images"] == {"removed": 1}
    assert difference["annotations"] == {"removed": 2, "relabelled": 1, "moved": 1, "added": 1}
    assert (Path(made.folder) / "difference-1.json").is_file()
    back = alice_api.get(f"{API}/{boxes.id}/versions/1/difference", {"old": 2}).json()
    assert back["images"] == {"added": 1}
    assert alice_api.post(f"{API}/{boxes.id}/versions/1/current").json()["number"] == 1
    assert alice_api.get(f"{API}/{boxes.id}").json()["version"] == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "revision.nothing"), ({"fixes": ["magic"]}, "fix.unknown"),
        ({"changes": [{"do": "remove", "row": 8}]}, "changes.invalid"),
        ({"changes": [{"do": "add", "image": 0, "label": 2, "box": [0, 0, 1, 1]}]}, "changes.invalid"),
        ({"changes": [{"do": "add", "image": 0, "label": 0, "box": [9, 9, 1, 1]}]}, "changes.invalid"),
        ({"changes": [{"do": "dance"}]}, "changes.invalid"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_at_once(
    body: dict[str, Any], code: str, alice_api: Any, boxes: Dataset
) -> None:
    answer = alice_api.post(f"{API}/{boxes.id}/versions/1/revisions", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert boxes.versions.count() == 1


def test_images_of_classes_are_corrected_too(alice: Any, dataset: Dataset) -> None:
    version = newest(dataset)
    with pytest.raises(CodedError, match="boxes"):
        revise_version(version, fixes=["remove_doubled_boxes"])
    revise_version(version, changes=[{"do": "set_class", "image": 0, "label": 1}, {"do": "leave_out", "image": 1}])
    carry_out_all()
    made = newest(dataset)
    first = made.images.order_by("position")[0]
    assert (made.images.count(), made.classes[first.label]) == (14, "dogs")
    assert made.revision["changes"] == {"leave_out": 1, "image_class": 1}


def test_copies_are_left_out_by_a_fix(alice: Any, alice_page: Client, root: Path) -> None:
    folder = image_folder(root / "twins", {"a": 6, "b": 6})
    (folder / "a" / "copy.png").write_bytes((folder / "a" / "000.png").read_bytes())
    dataset = ready_dataset(alice, folder)
    alice_page.post(f"/datasets/{dataset.id}/do/correct", {"fix": "remove_exact_copies"})
    carry_out_all()
    assert newest(dataset).images.count() == 12


def test_a_correction_that_failed_is_tried_again_as_a_correction(boxes: Dataset) -> None:
    made = revise_version(newest(boxes), changes=[{"do": "remove", "row": 0}])
    Run.objects.filter(id=made.import_run_id).update(state=RunState.FAILED)
    made.state = "failed"
    made.save()
    retry_import(newest(boxes), {})
    carry_out_all()
    again = newest(boxes)
    assert (again.state, again.counts["annotations"]["kept"]) == ("ready", 7)
    assert again.import_run is not None and again.import_run.recipe == "data.revise"


def test_the_difference_of_versions_is_a_page(alice_page: Client, boxes: Dataset) -> None:
    address = f"/datasets/{boxes.id}/difference"
    assert "They are equal" in alice_page.get(address).content.decode()
    revise_version(newest(boxes), changes=[{"do": "relabel", "row": 0, "label": 1}])
    carry_out_all()
    page = alice_page.get(address)
    assert (page.context["old"].number, page.context["new"].number) == (1, 2)
    assert "annotation with another class" in page.content.decode()
    assert alice_page.get(address, {"old": 99}).status_code == 404
    assert "v1" in alice_page.get(f"/datasets/{boxes.id}/versions").content.decode()


def test_saying_that_an_image_shows_nothing_is_a_difference(alice_api: Any, boxes: Dataset) -> None:
    revise_version(newest(boxes), fixes=["mark_images_empty"])
    carry_out_all()
    difference = alice_api.get(f"{API}/{boxes.id}/versions/2/difference").json()
    assert difference["images"] == {"marked_empty": 1}
    assert difference["listed"] == [{"kind": "marked_empty", "path": "images/train/3.jpg"}]


def test_deleting_takes_all_versions_and_leaves_the_registered_folder(alice: Any, boxes: Dataset) -> None:
    revise_version(newest(boxes), changes=[{"do": "remove", "row": 0}])
    carry_out_all()
    folder = Path(newest(boxes).root)
    delete_dataset(Dataset.objects.get(id=boxes.id), alice)
    assert not Dataset.objects.exists()
    assert (folder / "data.yaml").is_file()
