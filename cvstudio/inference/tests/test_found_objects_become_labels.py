"""Batches of a detector: their own recipe and tables, and their boxes as drafts of labels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cvstudio.accounts.models import User
from cvstudio.datasets.models import Dataset, DatasetImage, DatasetVersion
from cvstudio.datasets.storage import changes_file
from cvstudio.inference.models import InferenceJob
from cvstudio.inference.tests.makers import answer_batch
from cvstudio.runs.models import Run
from cvstudio.weights.models import WeightVersion
from ml_core.vision.detection.tests.shapes import make_shapes

pytestmark = pytest.mark.django_db
BATCH, JOBS = "/api/v1/inference/batch", "/api/v1/inference/jobs"
UNLABELLED = "train/unlabelled.png"


@pytest.fixture
def detector(weight: WeightVersion) -> WeightVersion:
    """A weight of a detector."""
    weight.weight.task = "vision.detect"
    weight.weight.save()
    return weight


@pytest.fixture
def shapes(alice: User, tmp_path: Path) -> DatasetVersion:
    """Discs and squares; one image is in no label file."""
    made = make_shapes(tmp_path)
    dataset = Dataset.objects.create(owner=alice, name="Shapes", source="folder", root=str(made.root))
    version = DatasetVersion.objects.create(
        dataset=dataset, number=1, state="ready", task="detect", folder=str(made.version), root=str(made.root),
        classes=made.imported.version["classes"], counts=made.imported.counts, fingerprint="sha256:shapes",
    )  # fmt: skip
    changes_file(dataset.id, 2).parent.mkdir(parents=True)  # as the import of the first version did
    DatasetImage.objects.bulk_create(
        DatasetImage(
            version=version, position=position, path=item.path, label=None, split=item.split, width=item.width,
            height=item.height, format=item.format, mode=item.mode, size_bytes=item.size_bytes, sha256=item.sha256,
        )
        for position, item in enumerate(made.imported.items)
    )  # fmt: skip
    return version


@pytest.fixture
def job(alice_api: APIClient, detector: WeightVersion, shapes: DatasetVersion) -> InferenceJob:
    """A batch that found a disc and something unknown in every image."""
    body = {"weight": str(detector.id), "dataset_version": str(shapes.id), "top_k": 3}
    answer = alice_api.post(BATCH, body)
    assert answer.status_code == 201, answer.json()
    run = Run.objects.get(id=answer.json()["run"])
    assert run.recipe == "vision.predict_boxes"
    assert run.config["threshold"] is None
    boxes = [{"box": [1.0, 2.0, 30.0, 40.0], "class": name, "index": 0, "probability": 0.9} for name in ("disc", "cat")]
    boxes.append({"box": [1.0, 2.0, 3.0, 4.0], "class": "disc", "index": 0, "probability": 0.2})
    size = {"width": 64, "height": 64}
    answer_batch(run, [{"path": image.path, "boxes": boxes, **size} for image in shapes.images.all()], ["disc", "cat"])
    return InferenceJob.objects.get(run=run)


def test_the_answers_come_as_csv_json_and_coco(alice_api: APIClient, job: InferenceJob) -> None:
    results = alice_api.get(f"{JOBS}/{job.id}").json()["results"]
    assert set(results) == {"csv", "json", "coco.json"}
    assert alice_api.get(results["coco.json"]).headers["Content-Type"] == "application/json"


def test_images_without_labels_get_what_was_found(
    alice_api: APIClient, job: InferenceJob, shapes: DatasetVersion
) -> None:
    answer = alice_api.post(f"{JOBS}/{job.id}/draft-labels")
    assert answer.status_code == 202, answer.json()
    made = DatasetVersion.objects.get(id=answer.json()["version"])
    assert (made.parent, made.number, made.task) == (shapes, 2, "detect")
    changes = json.loads(changes_file(shapes.dataset_id, 2).read_text())
    position = shapes.images.get(path=UNLABELLED).position
    label = shapes.classes.index("disc")  # there is no class "cat"
    assert changes == [{"do": "add", "image": position, "label": label, "box": [1.0, 2.0, 30.0, 40.0]}]


def test_the_page_offers_it_and_leads_to_the_data_set(alice: User, job: InferenceJob, shapes: DatasetVersion) -> None:
    page = Client()
    page.force_login(alice)
    text = page.get(f"/inference/jobs/{job.id}").content.decode()
    assert "Make drafts of labels" in text
    assert "coco.json" in text
    answer = page.post(f"/inference/jobs/{job.id}/draft-labels")
    assert answer.headers["Location"] == f"/datasets/{shapes.dataset_id}"


def test_without_such_an_image_nothing_is_made(alice_api: APIClient, job: InferenceJob, shapes: DatasetVersion) -> None:
    shapes.images.filter(path=UNLABELLED).delete()
    answer = alice_api.post(f"{JOBS}/{job.id}/draft-labels")
    assert (answer.status_code, answer.json()["code"]) == (400, "inference.no_drafts")
    assert not DatasetVersion.objects.filter(number=2).exists()


def test_answers_of_a_classifier_are_no_labels(alice_api: APIClient, job: InferenceJob) -> None:
    job.weight_version.weight.task = "vision.classify"
    job.weight_version.weight.save()
    assert alice_api.post(f"{JOBS}/{job.id}/draft-labels").json()["code"] == "inference.no_drafts"
