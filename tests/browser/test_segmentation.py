"""Real Chromium on what a segmentation left, on the page that lays its masks over an image, and on its form."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from cvstudio.accounts.models import User
from cvstudio.datasets.models import Dataset, DatasetImage, DatasetVersion
from cvstudio.inference.serving.loaded_model import Engine, LoadedModel
from cvstudio.inference.tests.makers import serving
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Artifact, Run, RunState
from cvstudio.weights import library
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services.record_run_weight import record_run_weight
from ml_core.data.annotations.rle import mask_area, mask_bounds
from ml_core.run.cli import main
from ml_core.vision.segmentation.tests.shapes import Shapes, config_for, make_shapes
from tests.browser.test_weights_and_inference import own_redis  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]
COVERED = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let covered = 0;
  for (let at = 3; at < data.length; at += 4) covered += data[at] > 0;
  return covered / (canvas.width * canvas.height);
}"""


@pytest.fixture
def shapes(tmp_path: Path) -> Shapes:
    return make_shapes(tmp_path)


@pytest.fixture
def version(alice: User, shapes: Shapes) -> DatasetVersion:
    """Discs and squares with polygons in the library."""
    dataset = Dataset.objects.create(owner=alice, name="Shapes", source="folder", root=str(shapes.root))
    version = DatasetVersion.objects.create(
        dataset=dataset, number=1, state="ready", task="detect", folder=str(shapes.version), root=str(shapes.root),
        classes=shapes.imported.version["classes"], counts=shapes.imported.counts, fingerprint="sha256:polygons",
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
    """A segmentation that was trained for some seconds, with what it left."""
    row = Run.objects.create(
        owner=alice, name="Segment shapes", recipe="vision.segment", queue="train", state=RunState.COMPLETED,
        dataset_version=version,
    )  # fmt: skip
    config = config_for(shapes, fit={"epochs": 4})
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    folder = run_folder(row.id)
    assert main(["vision.segment", "--config", str(path), "--out", str(folder)]) == 0
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


def covered(canvas: Locator) -> float:
    """Share of the pixels that a canvas colours."""
    return float(canvas.evaluate(COVERED))


@pytest.mark.parametrize("width", [1440, 390])
def test_the_report_of_a_segmentation_is_drawn(alice: User, run: Run, open_page: OpenPage, width: int) -> None:
    page = open_page(alice, "/runs/", width=width)
    without_events(page)
    page.goto(page.url.replace("/runs/", f"/runs/{run.id}/result"))
    expect(page.locator("#confusion")).to_contain_text("pixels are right")
    expect(page.get_by_role("row", name="disc").first).to_contain_text("%")
    expect(page.get_by_role("row", name="background").first).to_contain_text("%")
    rows = json.loads((run_folder(run.id) / "artifacts/test/worst_masks.json").read_text())["rows"]
    expect(page.locator(".found-image canvas")).to_have_count(len(rows))
    page.get_by_label("What lies over the images").select_option("faults")
    wrong = covered(page.locator(".found-image canvas").first)
    assert wrong == pytest.approx(rows[0]["wrong"], abs=1e-4)
    page.get_by_label("What lies over the images").select_option("true")
    assert covered(page.locator(".found-image canvas").first) > 0.02
    assert fits(page)


@pytest.mark.parametrize("width", [1440, 390])
def test_masks_lie_over_the_image_as_strong_as_wished(
    own_redis: str,  # noqa: F811
    alice: User,
    weight: WeightVersion,
    shapes: Shapes,
    open_page: OpenPage,
    width: int,
) -> None:
    engine = Engine("cpu", threads=1, max_batch=4, lanes=1, cache_bytes=10**6)
    with serving(own_redis, lambda _: LoadedModel("vision.segment", library.folder_of(weight), engine)):
        page = open_page(alice, f"/inference/?weight={weight.id}", width=width)
        page.get_by_label("Keep the answers as jobs").check()
        page.set_input_files("#choose input[type=file]", [shapes.root / "val/0.png"])
        answer = page.locator(".answer")
        canvas = answer.locator(".found-stage canvas")
        stage = answer.locator(".found-stage")
        assert stage.locator("canvas").bounding_box() == stage.locator("img").bounding_box()
        everything = covered(canvas)
        assert 0.02 < everything < 0.6
        slider = answer.get_by_label("Strength of the colours")
        slider.fill("0.25")
        assert canvas.evaluate("canvas => canvas.style.opacity") == "0.25"
        boxes = answer.locator(".found-classes input").all()
        boxes[0].uncheck()
        assert covered(canvas) < everything
        assert canvas.evaluate("canvas => canvas.style.opacity") == "0.25"
        boxes[0].check()
        assert covered(canvas) == everything
        with page.expect_download() as download:
            answer.get_by_role("button", name="COCO").click()
        coco = json.loads(Path(download.value.path()).read_text())
        assert sum(sum(row["segmentation"]["counts"][1::2]) for row in coco["annotations"]) == round(
            everything * 128 * 96
        )
        for row in coco["annotations"]:
            counts = np.array(row["segmentation"]["counts"], dtype=np.int64)
            assert not row["iscrowd"], "a crowd would not be learnt from"
            assert (row["area"], tuple(row["bbox"])) == (mask_area(counts), mask_bounds(96, counts))
        with page.expect_download() as download:
            answer.get_by_role("button", name="Image").click()
        assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
        assert fits(page)
        answer.get_by_text("Kept as a job").click()
        expect(page.locator(".class-bars")).to_contain_text("%")


def test_data_with_polygons_offer_both_forms(alice: User, version: DatasetVersion, open_page: OpenPage) -> None:
    page = open_page(alice, "/runs/new")
    without_events(page)
    expect(page.locator("[name='config.detector']")).to_be_visible()
    page.get_by_label("What to learn").select_option("vision.segment")
    expect(page.locator("[name='config.decoder']")).to_be_visible()
    expect(page.locator("[name='config.detector']")).to_have_count(0)
    expect(page.locator("#checks")).to_contain_text("polygons and masks")
    expect(page.locator("#checks")).to_contain_text("Measure some steps")
    page.get_by_text("CPU, from scratch").click()
    expect(page.locator("[name='config.size']")).to_have_value("320")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**/runs/*-*")
    run = Run.objects.get()
    assert (run.recipe, run.config["decoder"], run.config["fit"]["epochs"]) == ("vision.segment", "fpn", 40)
