"""Real Chromium on what a detector left, on the page that draws what it finds, and on the form that trains it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cvstudio.accounts.models import User
from cvstudio.datasets.models import Dataset, DatasetImage, DatasetVersion
from cvstudio.inference.serving.loaded_model import Engine, LoadedModel
from cvstudio.inference.tests.makers import serving
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Artifact, Run, RunState
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services.record_run_weight import record_run_weight
from ml_core.run.cli import main
from ml_core.vision.detection.tests.shapes import Shapes, config_for, make_shapes
from tests.browser.test_weights_and_inference import own_redis  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]


@pytest.fixture
def shapes(tmp_path: Path) -> Shapes:
    return make_shapes(tmp_path)


@pytest.fixture
def version(alice: User, shapes: Shapes) -> DatasetVersion:
    """Discs and squares in the library."""
    dataset = Dataset.objects.create(owner=alice, name="Shapes", source="folder", root=str(shapes.root))
    version = DatasetVersion.objects.create(
        dataset=dataset, number=1, state="ready", task="detect", folder=str(shapes.version), root=str(shapes.root),
        classes=shapes.imported.version["classes"], counts=shapes.imported.counts, fingerprint="sha256:shapes",
    )  # fmt: skip
    dataset.current_version = version
    dataset.save()
    DatasetImage.objects.bulk_create(
        DatasetImage(
            version=version, position=position, path=item.path, label=None, split=item.split, width=item.width,
            height=item.height, format=item.format, mode=item.mode, size_bytes=item.size_bytes, sha256=item.sha256,
        )
        for position, item in enumerate(shapes.imported.items)
    )  # fmt: skip
    return version


@pytest.fixture
def run(alice: User, version: DatasetVersion, shapes: Shapes, tmp_path: Path) -> Run:
    """A detector that was trained for some seconds, with what it left."""
    row = Run.objects.create(
        owner=alice, name="Find shapes", recipe="vision.detect", queue="train", state=RunState.COMPLETED,
        dataset_version=version,
    )  # fmt: skip
    config = config_for(shapes, fit={"epochs": 6})
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    folder = run_folder(row.id)
    assert main(["vision.detect", "--config", str(path), "--out", str(folder)]) == 0
    row.config, row.result = config, json.loads((folder / "result.json").read_text())
    row.save()
    for file in sorted((folder / "artifacts").rglob("*.json")):
        name = file.relative_to(folder / "artifacts").as_posix()
        size = file.stat().st_size
        Artifact.objects.create(run=row, name=name, path=f"artifacts/{name}", media_type="application/json",
                                size_bytes=size, sha256="0" * 64)  # fmt: skip
    return row


@pytest.fixture
def weight(run: Run) -> WeightVersion:
    recorded = record_run_weight(run)
    assert recorded is not None
    return recorded


def fits(page: Page) -> bool:
    """Whether the page is as wide as its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def without_events(page: Page) -> None:
    """The live server has no sockets; no event is to come."""
    page.route_web_socket(lambda address: "/ws/training/" in address, lambda _: None)


@pytest.mark.parametrize("width", [1440, 390])
def test_the_report_of_a_detector_is_drawn(alice: User, run: Run, open_page: OpenPage, width: int) -> None:
    page = open_page(alice, "/runs/", width=width)
    without_events(page)
    page.goto(page.url.replace("/runs/", f"/runs/{run.id}/result"))
    expect(page.locator("#precision-recall .plot-area svg").first).to_be_visible()
    expect(page.locator("#confusion")).to_contain_text("background")
    expect(page.get_by_role("heading", name="Objects per class")).to_be_visible()
    expect(page.get_by_role("row", name="disc").first).to_contain_text("%")
    worst = json.loads((run_folder(run.id) / "artifacts/test/worst_boxes.json").read_text())["rows"]
    expect(page.locator(".found-image")).to_have_count(len(worst))
    expect(page.locator(".found-image").first.locator("rect.found")).to_have_count(len(worst[0]["boxes"]))
    assert fits(page)


@pytest.mark.parametrize("width", [1440, 390])
def test_what_is_found_is_drawn_and_sifted(
    own_redis: str,  # noqa: F811
    alice: User,
    weight: WeightVersion,
    shapes: Shapes,
    open_page: OpenPage,
    width: int,
) -> None:
    from cvstudio.weights import library

    engine = Engine("cpu", threads=1, max_batch=4, lanes=1, cache_bytes=10**6)
    with serving(own_redis, lambda _: LoadedModel("vision.detect", library.folder_of(weight), engine)):
        page = open_page(alice, f"/inference/?weight={weight.id}", width=width)
        page.set_input_files("#choose input[type=file]", [shapes.root / "val/0.png"])
        answer = page.locator(".answer")
        slider = answer.get_by_label("Least probability")
        slider.fill("0")
        stage = answer.locator(".found-stage")
        assert stage.locator("svg").bounding_box() == stage.locator("img").bounding_box()
        everything = answer.locator(".found-stage rect").count()
        assert everything > 0
        slider.fill("1")
        expect(answer.locator(".found-stage rect")).to_have_count(0)
        slider.fill("0.02")
        for box in answer.locator(".found-classes input").all():
            box.uncheck()
        expect(answer.get_by_text("0 objects")).to_be_visible()
        answer.locator(".found-classes input").first.check()
        assert 0 < answer.locator(".found-stage rect").count() <= everything
        with page.expect_download() as download:
            answer.get_by_role("button", name="COCO").click()
        coco = json.loads(Path(download.value.path()).read_text())
        assert coco["images"][0]["width"] == 128
        assert len(coco["annotations"]) == answer.locator(".found-stage rect").count()
        assert fits(page)


def test_choosing_data_with_boxes_shows_the_settings_of_a_detector(
    alice: User, version: DatasetVersion, open_page: OpenPage
) -> None:
    other: Any = Dataset.objects.create(owner=alice, name="Classes", source="folder")
    DatasetVersion.objects.create(dataset=other, number=1, folder="-", classes=["a", "b"], state="ready")
    page = open_page(alice, "/runs/new")
    without_events(page)
    expect(page.locator("[name='config.detector']")).to_have_count(0)
    page.select_option("#dataset-version", value=str(version.id))
    expect(page.locator("[name='config.detector']")).to_be_visible()
    expect(page.locator("#checks")).to_contain_text("boxes")
    page.get_by_text("CPU, from scratch").click()
    expect(page.locator("[name='config.detector']")).to_have_value("fcos")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**/runs/*-*")
    run = Run.objects.get()
    assert (run.recipe, run.config["mosaic"], run.config["size"]) == ("vision.detect", 0.5, 320)
