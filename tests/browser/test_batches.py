"""Real Chromium on the answers of a batch: the gallery, its choices, the large view, and a video with what was seen."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cvstudio.accounts.models import User
from cvstudio.inference.models import InferenceJob
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.create_run import create_run
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.tests.makers import make_weight
from ml_core.run.context import RunContext
from ml_core.run.control import Control
from ml_core.run.directory import RunDirectory
from ml_core.run.events import SilentEvents
from ml_core.vision.batch import predict
from ml_core.vision.batch.tests.films import RedFinder, make_film, picture
from ml_core.vision.detection.config import PredictBoxesConfig
from ml_core.weights.folder import WeightFacts

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]
CLASSES = ["red", "dark"]


@pytest.fixture
def job(alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InferenceJob:
    """30 stills, a file that is no image, and a film of 20 frames, of which every second was looked at."""
    root = tmp_path / "root"
    root.mkdir()
    for number in range(30):
        (root / f"{number:02d}.png").write_bytes(picture(2 * number))
    (root / "broken.png").write_bytes(b"no image")
    make_film(root / "film.webm", codec="libvpx")
    weight = make_weight(alice)
    weight.weight.task = "vision.detect"
    weight.weight.save()
    WeightVersion.objects.filter(id=weight.id).update(classes=CLASSES)
    run = create_run(owner=alice, recipe="vision.predict_boxes", config={"weight": "w", "root": str(root)})
    facts = WeightFacts(task="vision.detect", classes=CLASSES, threshold=0.5)
    monkeypatch.setattr(predict, "get_predictor", lambda _: RedFinder)
    monkeypatch.setattr(predict, "read_facts", lambda _: facts)
    directory = RunDirectory(run_folder(run.id))
    directory.make()
    config = PredictBoxesConfig(weight="w", root=str(root), every_nth=2)
    run.result = predict.predict_many(config, RunContext(directory, SilentEvents(), Control(directory.path)))
    run.state = RunState.COMPLETED
    run.save()
    return InferenceJob.objects.create(owner=alice, kind="batch", weight_version=weight, run=run)


def _fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def _slide(page: Page, value: float) -> None:
    page.locator(".found-slider input").evaluate(
        "(node, value) => { node.value = value; node.dispatchEvent(new Event('input', {bubbles: true})); }", value
    )


@pytest.mark.parametrize("width", [1440, 390])
def test_answers_are_sifted_paged_and_seen_large(
    alice: User, job: InferenceJob, open_page: OpenPage, width: int
) -> None:
    page = open_page(alice, f"/inference/jobs/{job.id}", width=width)
    cards = page.locator(".answers-card")
    expect(cards).to_have_count(24)
    expect(cards.first.locator(".shape-box")).to_have_count(1)
    _slide(page, 0.1)
    expect(cards.first.locator(".shape-box")).to_have_count(2)
    page.get_by_text("Classes", exact=False).first.click()
    page.get_by_label("dark").check()
    expect(cards.first.locator(".shape-box")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("[data-count]")).to_have_text("40 images")
    page.get_by_role("button", name="Next", exact=True).click()
    expect(cards).to_have_count(16)
    cards.first.locator("button").click()
    expect(page.locator("#answer-name")).to_have_text("24.png")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#answer-name")).to_have_text("23.png")
    page.keyboard.press("Escape")
    page.select_option("[name=show]", "failed")
    expect(cards).to_have_count(1)
    expect(cards.first).to_contain_text("not an image")
    assert _fits(page)


def test_the_gallery_comes_when_the_run_is_through(alice: User, job: InferenceJob, open_page: OpenPage) -> None:
    Run.objects.filter(inference_job=job).update(state=RunState.RUNNING)
    page = open_page(alice, f"/inference/jobs/{job.id}")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.locator(".answers-card")).to_have_count(0)
    Run.objects.filter(inference_job=job).update(state=RunState.COMPLETED)
    expect(page.locator(".answers-card")).to_have_count(24)


def test_downloads_hold_what_is_seen(alice: User, job: InferenceJob, open_page: OpenPage) -> None:
    page = open_page(alice, f"/inference/jobs/{job.id}")
    _slide(page, 0.6)
    page.get_by_text("Download", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(saved.value.path()).read_text())))
    assert {row["class"] for row in rows if not row["error"]} == {"red"}


@pytest.mark.parametrize("width", [1440, 390])
def test_a_video_shows_what_was_found_when(alice: User, job: InferenceJob, open_page: OpenPage, width: int) -> None:
    page = open_page(alice, f"/inference/jobs/{job.id}", width=width)
    expect(page.locator(".film-line rect")).to_have_count(10)
    expect(page.locator("[data-film-text]")).to_contain_text("in 10 of 10 frames")
    box = page.locator(".film-stage .shape-box")
    expect(box).to_have_count(1)
    lefts: list[float] = []
    for time in (0.0, 1.05):
        page.locator("video").evaluate("(node, time) => { node.currentTime = time; }", time)
        page.wait_for_function(
            "([time, before]) => { const box = document.querySelector('.film-stage .shape-box');"
            " return Math.abs(document.querySelector('video').currentTime - time) < 0.01"
            " && box && Number(box.getAttribute('x')) !== before; }",
            arg=[time, lefts[-1] if lefts else -1],
        )
        lefts.append(float(box.get_attribute("x") or "nan"))
    assert abs(lefts[0]) <= 2 and abs(lefts[1] - 20) <= 2  # the block moves two pixels a frame, ten frames a second
    assert _fits(page)


def test_the_form_takes_a_video(alice: User, job: InferenceJob, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(alice, "/inference/batch")
    page.get_by_text("A zip archive or a video", exact=True).click()
    page.locator("input[type=file]").set_input_files(make_film(tmp_path / "my clip.mp4"))
    page.get_by_label("Of videos, every n-th frame").fill("5")
    page.get_by_role("button", name="Predict").click()
    page.wait_for_url("**/inference/jobs/*")
    made: Any = InferenceJob.objects.exclude(id=job.id).get()
    assert (made.run.config["archive_name"], made.run.config["every_nth"]) == ("my clip.mp4", 5)
