"""Every real data set through the whole studio in Chromium: import, health, training, weights, inference, export, back.

The sets lie in `../shared/data/cv`, one folder each: whatever lies there is walked.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.live_studio import LiveStudio
from tests.studio_process import ROOT, StudioProcess

SHARED = ROOT.parent / "shared" / "data" / "cv"
SETS = sorted(folder for folder in SHARED.glob("*/*") if folder.is_dir())

pytestmark = [
    pytest.mark.browser, pytest.mark.process, pytest.mark.timeout(900),
    pytest.mark.skipif(not SETS, reason="the real data sets do not lie beside the checkout"),
]  # fmt: skip

READY_MS = 180_000


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStudio]:
    with StudioProcess(tmp_path_factory.mktemp("studio")) as process:
        live = LiveStudio(process)
        live.settle()
        yield live


@pytest.fixture
def page(studio: LiveStudio, browser: Browser) -> Iterator[Page]:
    studio.faults.clear()
    context = studio.context(browser)
    yield studio.page(context, "/datasets/")
    context.close()
    studio.stop_everything()
    assert studio.faults == []


@dataclass(frozen=True)
class Brought:
    """A data set that came in, as the API tells."""

    id: str
    task: str
    counts: dict[str, Any]
    classes: list[str]


def zipped(folder: Path, target: Path) -> Path:
    """The folder as a person would send it."""
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder.parent))
    return target


def bring(studio: LiveStudio, page: Page, archive: Path, name: str) -> Brought:
    """Upload an archive, accept what cannot be used, wait until the version is ready."""
    page.goto("/datasets/new?way=upload")
    page.set_input_files("#upload input[type=file]", archive)
    page.fill("#dataset-name", name)
    page.get_by_role("button", name="Upload and import").click()
    page.wait_for_url(re.compile(r"/datasets/[0-9a-f-]{36}"), timeout=READY_MS)
    ended = page.locator("#import[data-state=ready], #import[data-state=failed]")
    ended.wait_for(state="attached", timeout=READY_MS)
    accept = page.get_by_role("button", name="Go on without these files")
    if accept.count():
        accept.click()
        page.locator("#import[data-state=ready]").wait_for(state="attached", timeout=READY_MS)
    assert page.locator("#import").get_attribute("data-state") == "ready", page.locator("#import").inner_text()
    dataset_id = re.search(r"[0-9a-f-]{36}", page.url)
    assert dataset_id
    version = studio.api(f"datasets/{dataset_id[0]}/versions")["results"][0]
    return Brought(dataset_id[0], version["task"], version["counts"], version["classes"])


def look_at_health(page: Page, dataset: Brought) -> None:
    """Measure, and open the images of the first finding that has some."""
    page.goto(f"/datasets/{dataset.id}/health")
    measure = page.get_by_role("button", name="Measure", exact=True)
    if measure.count():
        measure.click()
    page.goto(f"/datasets/{dataset.id}/health")
    expect(page.get_by_text("Exact copies", exact=True)).to_be_visible(timeout=READY_MS)
    shown = page.get_by_role("link", name="Show these images")
    if shown.count():
        shown.first.click()
        expect(page.locator("#grid .thumb").first).to_be_visible()


def choose(page: Page, select: str, start: str) -> None:
    """Take the option that starts so."""
    titles = page.locator(f"{select} option").all_text_contents()
    page.select_option(select, label=next(title for title in titles if title.strip().startswith(start)))


def draw(page: Page, dataset: Brought, name: str) -> None:
    """A small network for the classes of the set, from a template."""
    page.goto("/architectures/new?start=small_resnet")
    for field, value in {"channels": 3, "height": 64, "width": 64, "classes": len(dataset.classes)}.items():
        page.fill(f"[name={field}]", str(value))
    page.fill("[name=name]", name)
    page.get_by_role("button", name="Open in the editor").click()
    page.wait_for_url(re.compile(r"/architectures/[0-9a-f]{8}-"))


def train(studio: LiveStudio, page: Page, dataset: Brought, name: str) -> str:
    """One epoch with the quickest preset, started from the page."""
    if dataset.task == "classify":
        draw(page, dataset, f"Network for {name}")
    page.goto(f"/datasets/{dataset.id}")
    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_text("CPU, a few minutes").click()
    page.fill("#run-name", name)
    if dataset.task == "classify":
        choose(page, "#architecture-version", f"Network for {name}")
    else:
        page.fill("[name='config.size']", "160")
    page.fill("[name='config.fit.epochs']", "1")
    start = page.locator("[data-start]")
    for _ in range(50):
        page.wait_for_timeout(400)
        for box in page.locator("[data-acknowledge]:not(:checked)").all():
            box.check()
        if start.is_enabled():
            break
    assert not page.locator(".finding-red").count(), page.locator("#checks").inner_text()
    start.click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f]{8}-"), timeout=60_000)
    run_id = page.url.rstrip("/").split("/")[-1]
    run = studio.wait(run_id, limit_s=300)
    assert run["state"] == "completed", run
    expect(page.locator('.tab[href$="/result"]')).to_be_visible(timeout=60_000)
    return run_id


def predict(page: Page, image: Path) -> None:
    """The answer of the newest weight about one image of the set."""
    page.goto("/weights/")
    page.get_by_role("link", name="Try it").first.click()
    page.wait_for_url("**/inference/**")
    page.set_input_files("#choose input[type=file]", [image])
    expect(page.locator(".answer")).to_be_visible(timeout=60_000)
    expect(page.locator("[data-fault]")).to_be_hidden()


def export(page: Page, dataset: Brought, target: Path) -> Path:
    """The version in the first layout on offer, downloaded."""
    page.goto(f"/datasets/{dataset.id}/exports")
    page.get_by_role("button", name="Export", exact=True).click()
    link = page.get_by_role("link", name=re.compile("^Download"))
    expect(link).to_be_visible(timeout=READY_MS)
    with page.expect_download() as download:
        link.click()
    download.value.save_as(target)
    return target


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_a_real_set_goes_round(studio: LiveStudio, page: Page, tmp_path: Path, folder: Path) -> None:
    name = folder.name
    dataset = bring(studio, page, zipped(folder, tmp_path / f"{name}.zip"), name)
    page.goto(f"/datasets/{dataset.id}/images")
    expect(page.locator("#grid .thumb").first).to_be_visible()
    look_at_health(page, dataset)
    train(studio, page, dataset, f"Learn {name}")
    image = next(file for file in sorted(folder.rglob("*")) if file.suffix in {".jpg", ".png"})
    predict(page, image)
    again = bring(studio, page, export(page, dataset, tmp_path / "back.zip"), f"{name} again")
    assert again.task == dataset.task
    assert again.counts["images"] == dataset.counts["images"]
    assert again.counts["splits"] == dataset.counts["splits"]
    if dataset.task == "detect":
        assert again.counts["annotations"]["kept"] == dataset.counts["annotations"]["kept"] > 0
