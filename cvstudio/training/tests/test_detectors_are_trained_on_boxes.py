"""Data with boxes lead to another recipe, other settings and presets; a network may be drawn, or named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.runs.models import Run
from cvstudio.training.tests.makers import make_architecture
from cvstudio.training.tests.test_the_page_new_training import filled
from ml_core.vision.detection.tests.shapes import make_shapes

pytestmark = pytest.mark.django_db


@pytest.fixture
def shapes(alice: Any, tmp_path: Path) -> DatasetVersion:
    """Discs and squares with boxes."""
    made = make_shapes(tmp_path)
    dataset = Dataset.objects.create(owner=alice, name="Shapes", source="folder", root=str(made.root))
    dataset.current_version = DatasetVersion.objects.create(
        dataset=dataset,
        number=1,
        state="ready",
        task="detect",
        folder=str(made.version),
        root=str(made.root),
        classes=made.imported.version["classes"],
        counts=made.imported.counts,
        fingerprint="sha256:shapes",
    )
    dataset.save()
    return dataset.current_version


@pytest.fixture
def page(alice: Any) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def test_the_api_trains_a_detector_without_a_drawn_network(alice_api: Any, shapes: DatasetVersion) -> None:
    body = {"dataset": str(shapes.dataset_id), "config": {"detector": "ssdlite", "fit": {"epochs": 1}}}
    report = alice_api.post("/api/v1/training/preflight", body, format="json").json()
    assert not report["blocked"]
    assert any("boxes" in check["message"] for check in report["checks"])
    answer = alice_api.post("/api/v1/training", {**body, "acknowledge": report["asks"]}, format="json")
    assert answer.status_code == 201, answer.json()
    run = Run.objects.get()
    assert (run.recipe, run.config["detector"], run.config["graph"]) == ("vision.detect", "ssdlite", None)
    assert run.config["data"]["version"] == shapes.folder
    assert run.name == "ssdlite compact · Shapes"


def test_a_drawn_network_becomes_the_backbone(alice_api: Any, shapes: DatasetVersion, plain: Any) -> None:
    body = {"dataset": str(shapes.dataset_id), "architecture_version": str(plain.id)}
    report = alice_api.post("/api/v1/training/preflight", body, format="json").json()
    assert not report["blocked"]  # its outputs need not be the classes
    alice_api.post("/api/v1/training", {**body, "acknowledge": report["asks"]}, format="json")
    run = Run.objects.get()
    assert run.config["graph"] == plain.document
    assert run.architecture_version == plain


def test_a_detector_drawn_whole_must_find_the_classes_of_the_data(
    alice: Any, alice_api: Any, shapes: DatasetVersion
) -> None:
    for classes, level in ((2, "ok"), (7, "red")):
        drawn = make_architecture(alice, classes, template="detector_ssdlite")
        body = {"dataset": str(shapes.dataset_id), "architecture_version": str(drawn.id)}
        report = alice_api.post("/api/v1/training/preflight", body, format="json").json()
        told = next(check for check in report["checks"] if "head" in check["message"])
        assert told["level"] == level
        assert report["blocked"] == (level == "red")
    assert (told["code"], told["where"]) == ("preflight.class_count", "head")
    assert told["hint"] == "Set classes of head to 2."


def test_the_page_shows_the_settings_of_a_detector(page: Client, shapes: DatasetVersion, plain: Any) -> None:
    text = page.get(f"/runs/new?dataset_version={shapes.id}").content.decode()
    assert 'name="config.detector"' in text
    assert 'name="config.label_smoothing"' not in text
    assert re.search(r'name="architecture_version"(?! required)', text)
    sent = filled(page, shapes, shapes, f"?dataset_version={shapes.id}", architecture_version="", preset="quick")
    checks = page.post("/runs/new/check", sent).context["report"]
    assert checks.blocking == []
    page.post("/runs/new", {**sent, "acknowledge": checks.as_dict()["asks"]})
    run = Run.objects.get()
    assert (run.recipe, run.config["fit"]["epochs"]) == ("vision.detect", 5)
    clone = page.get(f"/runs/new?clone={run.id}").content.decode()
    assert 'name="config.detector"' in clone


def test_a_detector_is_cloned_with_changes(alice_api: Any, shapes: DatasetVersion) -> None:
    body = {
        "dataset": str(shapes.dataset_id),
        "config": {"fit": {"epochs": 1}},
        "acknowledge": ["preflight.empty_class"],
    }
    first = alice_api.post("/api/v1/training", body, format="json").json()
    answer = alice_api.post(f"/api/v1/training/{first['id']}/clone", {"config": {"size": 128}}, format="json")
    assert answer.status_code == 201, answer.json()
    assert Run.objects.get(parent_id=first["id"]).config["size"] == 128


def test_a_classifier_still_needs_a_network(alice_api: Any, squares: DatasetVersion) -> None:
    answer = alice_api.post("/api/v1/training", {"dataset": str(squares.dataset_id)}, format="json")
    assert (answer.status_code, answer.json()["where"]) == (404, "architecture")
