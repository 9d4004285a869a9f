"""Data with polygons or masks allow a detector and a segmentation; data with boxes alone do not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.runs.models import Run
from cvstudio.training.plan import recipes_for
from cvstudio.training.services import probe_speed
from cvstudio.training.services.probe_speed import run_probe
from cvstudio.training.tests.test_checks_before_a_training_block_and_ask import MEASURED, check
from cvstudio.training.tests.test_the_page_new_training import filled
from ml_core.vision.segmentation.tests.shapes import make_shapes

pytestmark = pytest.mark.django_db

RECIPE = "vision.segment"


@pytest.fixture
def shapes(alice: Any, tmp_path: Path) -> DatasetVersion:
    """Discs and squares with polygons."""
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
        fingerprint="sha256:polygons",
    )
    dataset.save()
    return dataset.current_version


@pytest.fixture
def page(alice: Any) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def body(shapes: DatasetVersion, **more: Any) -> dict[str, Any]:
    return {"recipe": RECIPE, "dataset": str(shapes.dataset_id), **more}


def test_the_api_trains_a_segmentation_when_asked_and_a_detector_otherwise(
    alice_api: Any, shapes: DatasetVersion
) -> None:
    wish = body(shapes, config={"decoder": "unet", "fit": {"epochs": 1}})
    report = alice_api.post("/api/v1/training/preflight", wish, format="json").json()
    assert not report["blocked"]
    assert "polygons and masks" in check(report, "preflight.data")["message"]
    answer = alice_api.post("/api/v1/training", {**wish, "acknowledge": report["asks"]}, format="json")
    assert answer.status_code == 201, answer.json()
    run = Run.objects.get()
    assert (run.recipe, run.config["decoder"], run.name) == (RECIPE, "unet", "unet compact · Shapes")
    clone = alice_api.post(f"/api/v1/training/{run.id}/clone", {"config": {"size": 128}}, format="json")
    assert clone.json()["recipe"] == RECIPE
    other = {"dataset": str(shapes.dataset_id), "acknowledge": report["asks"]}
    assert alice_api.post("/api/v1/training", other, format="json").json()["recipe"] == "vision.detect"


def test_boxes_alone_and_classes_of_images_allow_none(alice_api: Any, shapes: DatasetVersion, squares: Any) -> None:
    assert recipes_for(squares) == ["vision.classify"]
    shapes.counts["annotations"] |= {"polygons": 0, "masks": 0}
    shapes.save()
    for version in (shapes, squares):
        answer = alice_api.post("/api/v1/training", body(version), format="json")
        assert (answer.status_code, answer.json()["where"]) == (422, "recipe")
        assert "polygons" in answer.json()["hint"]
    answer = alice_api.post("/api/v1/training", body(shapes) | {"recipe": "data.import"}, format="json")
    assert answer.status_code == 400


def test_the_page_offers_both_and_keeps_the_choice(page: Client, shapes: DatasetVersion) -> None:
    query = f"?dataset_version={shapes.id}"
    text = page.get(f"/runs/new{query}").content.decode()
    assert 'name="config.detector"' in text
    assert re.search(r'<select id="recipe" name="recipe">.*vision\.segment', text)
    query += f"&recipe={RECIPE}"
    text = page.get(f"/runs/new{query}").content.decode()
    assert 'name="config.decoder"' in text
    assert 'name="config.detector"' not in text
    sent = filled(page, shapes, shapes, query, architecture_version="", preset="quick", recipe=RECIPE)
    checks = page.post("/runs/new/check", sent).context["report"]
    assert checks.blocking == []
    page.post("/runs/new", {**sent, "acknowledge": checks.as_dict()["asks"]})
    run = Run.objects.get()
    assert (run.recipe, run.config["fit"]["epochs"]) == (RECIPE, 5)
    assert 'name="config.decoder"' in page.get(f"/runs/new?clone={run.id}").content.decode()


def test_a_choice_that_the_data_do_not_allow_is_not_kept(page: Client, squares: DatasetVersion) -> None:
    text = page.get(f"/runs/new?dataset_version={squares.id}&recipe={RECIPE}").content.decode()
    assert 'name="config.decoder"' not in text


def test_a_drawn_map_of_too_few_classes_blocks(alice_api: Any, shapes: DatasetVersion, plain: Any) -> None:
    from ml_core.vision.segmentation.tests.shapes import drawn_segmenter

    for classes, level in ((3, None), (7, "red")):
        plain.document = drawn_segmenter(classes)
        plain.save()
        wish = body(shapes, architecture_version=str(plain.id))
        report = alice_api.post("/api/v1/training/preflight", wish, format="json").json()
        levels = [found["level"] for found in report["checks"] if found["code"] == "preflight.class_count"]
        assert levels == ([level] if level else [])


def test_a_measurement_tells_time_memory_and_disk(
    alice_api: Any, shapes: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "/api/v1/training/preflight"
    before = alice_api.post(url, body(shapes), format="json").json()["estimate"]
    assert (before["memory_bytes"], before["disk_bytes"], before["seconds"]) == (None, None, None)
    measured = {**MEASURED, "weight_bytes": 4 * 10**6, "trained": 10**6}
    monkeypatch.setattr(probe_speed, "_ask_worker", lambda plan: measured)
    report = alice_api.post(url, body(shapes, measure=True), format="json").json()
    assert report["estimate"]["is_measured"]
    assert report["estimate"]["memory_bytes"] >= MEASURED["memory_bytes"]
    # Weight, gradient-free state of AdamW: 4 + 8 MB for each of keep_last + 2 checkpoints, and the weight.
    assert report["estimate"]["disk_bytes"] == 12 * 10**6 * 4 + 4 * 10**6
    assert "minutes" in check(report, "preflight.time")["message"]


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("recipe", [RECIPE, "vision.detect"])
def test_the_probe_measures_networks_that_are_more_than_a_graph(
    alice: Any, shapes: DatasetVersion, recipe: str
) -> None:
    from cvstudio.training.plan import Plan

    settings = {"size": 96, "width": 32, "fit": {"batch_size": 2, "device": "cpu", "threads": 1}}
    measured = run_probe(recipe, Plan(alice, shapes, settings=settings, recipe=recipe).config())
    assert 0 < measured["step_s"] < 20, measured
    assert measured["weight_bytes"] > 4 * measured["trained"] > 10**6
    assert measured["cache_bytes"] >= 40 * 96 * 96 * 3 / 2
