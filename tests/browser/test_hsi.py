"""Real Chromium on the hyperspectral pages: from files to a map that can be judged, wide and narrow."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from urllib.parse import urljoin

import numpy as np
import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

from cvstudio.accounts.models import User
from cvstudio.datasets.tests.carry_out import carry_out_all
from hsi.models import AnomalyMap, Scene
from hsi.tests.page_makers import make_map, make_scene
from ml_core.hsi.simulate import Simulation, simulate_scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]


def scene_file() -> FilePayload:
    """An archive with the bands on the first axis, as a person would upload it."""
    made = simulate_scene(9, Simulation(height=36, width=44, bands=24))
    stream = io.BytesIO()
    np.savez(stream, image=np.moveaxis(np.asarray(made.cube), 2, 0), gt=np.asarray(made.mask))
    return {"name": "harbour.npz", "mimeType": "application/octet-stream", "buffer": stream.getvalue()}


def fits(page: Page) -> bool:
    """Whether the page is as wide as its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def until_text(page: Page, selector: str, pattern: str) -> str:
    """The text once it fits the pattern."""
    expect(page.locator(selector).first).to_have_text(re.compile(pattern))
    return page.locator(selector).first.inner_text()


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
def test_files_become_a_scene_and_a_map_with_threshold_and_methods(
    alice: User, open_page: OpenPage, width: int
) -> None:
    page = open_page(alice, "/hsi/new", width=width)
    page.set_input_files("input[type=file]", scene_file())
    page.click("#upload .button-main")
    expect(page.locator(".candidate").first).to_contain_text("image")
    expect(page.locator("#axis-order")).to_have_value("BHW")
    expect(page.locator(".inspect-picture")).to_be_visible()
    expect(page.locator("[data-preview-size]")).to_have_text("36 × 44")
    assert fits(page)
    page.click("button[form=confirm]")
    expect(page.locator("#import[data-working]")).to_be_visible()
    carry_out_all()
    expect(page.locator("[data-scene]")).to_be_visible()
    scene = Scene.objects.get()
    assert (scene.height, scene.width, scene.has_mask) == (36, 44, True)
    assert fits(page)

    page.locator(".page-actions .button-main").click()
    page.click("button[form=detect]")
    expect(page.locator("#map-progress[data-working]")).to_be_visible()
    carry_out_all()
    expect(page.locator("[data-map]")).to_be_visible()
    until_text(page, "[data-counts]", r"^16 pixels \(1.0 %\)")
    page.locator("input[name=method]").nth(1).check()
    page.get_by_role("button", name="5 %").click()
    until_text(page, "[data-counts]", r"^79 pixels \(5.0 %\) · \d+ regions?")
    expect(page.locator("[data-regions] tbody tr").first).to_be_visible()
    assert fits(page)


@pytest.fixture
def found(alice: User) -> AnomalyMap:
    return make_map(make_scene(alice), ("combined", "lm_nll", "recon", "one_class", "global_rx"))


def test_the_browser_counts_the_same_areas_as_the_server(alice: User, found: AnomalyMap, open_page: OpenPage) -> None:
    page = open_page(alice, f"/hsi/maps/{found.id}")
    metrics = found.methods["combined"]["metrics"]
    until_text(page, "[data-point] .stat-value", f"^{metrics['auc']:.4f}$")
    expect(page.locator("[data-point] .stat-value").nth(1)).to_have_text(f"{metrics['ap']:.4f}")


def test_the_threshold_moves_everything_that_follows_from_it(
    alice: User, found: AnomalyMap, open_page: OpenPage
) -> None:
    page = open_page(alice, f"/hsi/maps/{found.id}")
    until_text(page, "[data-counts]", "^20 pixels")
    detected = page.locator("[data-point] .stat-value").nth(2)
    before = detected.inner_text()
    page.locator("[data-threshold]").focus()
    for _ in range(3):
        page.keyboard.press("PageDown")
    expect(page.locator("[data-counts]")).not_to_have_text(re.compile("^20 pixels"))
    expect(detected).not_to_have_text(before)
    export = page.locator("[data-export=csv]").get_attribute("href") or ""
    assert f"threshold={page.locator('[data-threshold-value]').input_value()[:4]}" in export
    page.locator("[data-threshold-value]").fill("1000000")
    page.keyboard.press("Tab")
    expect(page.locator("[data-regions] tbody")).to_contain_text("No pixel reaches the threshold")


def test_weights_of_heads_recombine_at_once(alice: User, found: AnomalyMap, open_page: OpenPage) -> None:
    page = open_page(alice, f"/hsi/maps/{found.id}")
    until_text(page, "[data-counts]", "pixels")
    page.locator("[data-mixer] summary").click()
    shares = page.locator(".mixer-share")
    assert shares.all_inner_texts() == ["33 %", "33 %", "33 %", "0 %"]
    score = page.locator("[data-threshold-value]")
    before = score.input_value()
    page.locator("[data-weights] input").first.fill("0")
    expect(shares.first).to_have_text("0 %")
    expect(score).not_to_have_value(before)
    page.locator("[data-weights] input").first.fill("1")
    expect(shares.first).to_have_text("33 %")
    expect(page.locator("[data-counts]")).to_contain_text("20 pixels")
    # The same weights give the same map as the detector's own combination.
    assert float(score.input_value()) == pytest.approx(float(before), rel=1e-4)
    assert page.locator("[data-methods] input:checked").count() == 0
    page.locator("[data-weights-reset]").click()
    expect(score).to_have_value(before)


def test_rows_of_the_region_table_lead_to_their_place_by_keyboard(
    alice: User, found: AnomalyMap, open_page: OpenPage
) -> None:
    page = open_page(alice, f"/hsi/maps/{found.id}")
    rows = page.locator("[data-regions] tbody tr")
    rows.first.click()
    expect(rows.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    row, column = rows.nth(1).locator("td").nth(1).inner_text().split(", ")
    expect(page.locator("[data-pixel-place]")).to_have_text(f"row {row}, column {column}")
    expect(page.locator("[data-neighbours] button")).to_have_count(5)
    expect(page.locator(".spark").first).to_be_visible()


def test_arrow_keys_move_the_cross_hair_and_enter_pins(alice: User, open_page: OpenPage) -> None:
    page = open_page(alice, f"/hsi/scenes/{make_scene(alice).id}")
    canvas = page.locator("#picture canvas")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    until_text(page, "[data-readout]", "row 20, column 25")
    page.keyboard.press("Shift+ArrowUp")
    until_text(page, "[data-readout]", "row 10, column 25")
    page.keyboard.press("Enter")
    expect(page.locator("[data-pins] button").first).to_have_text("10, 25")


def test_a_pixel_pinned_before_the_plot_is_there_is_not_forgotten(alice: User, open_page: OpenPage) -> None:
    page = open_page(alice, "/hsi/")
    held: list[Route] = []
    page.route("**/statistics", lambda route: held.append(route))
    page.goto(urljoin(page.url, f"/hsi/scenes/{make_scene(alice).id}"))
    page.locator("#picture canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    until_text(page, "[data-readout]", "row 20, column 25")
    page.wait_for_timeout(300)
    held[0].continue_()
    expect(page.locator("[data-pins] button").first).to_have_text("20, 25")


def test_bands_go_by_number_or_wavelength_and_play(alice: User, open_page: OpenPage) -> None:
    page = open_page(alice, f"/hsi/scenes/{make_scene(alice).id}")
    red = page.locator("[data-colour='0']")
    band = red.input_value()
    page.locator("[data-unit=nm]").click()
    assert float(red.input_value()) > 300
    page.locator("[data-unit=band]").click()
    expect(red).to_have_value(band)
    page.locator("[data-mode=band]").click()
    name = page.locator("[data-band-name]")
    before = name.inner_text()
    page.locator("[data-play]").click()
    expect(name).not_to_have_text(before)
    page.locator("[data-play]").click()


def test_bad_bands_are_edited_as_ranges(alice: User, open_page: OpenPage) -> None:
    scene = make_scene(alice)
    page = open_page(alice, f"/hsi/scenes/{scene.id}")
    page.locator("details:has(#bad-bands) summary").click()
    page.fill("#bad-bands", "0-2, 7")
    expect(page.locator("[data-bad-count]")).to_have_text("4 bands")
    page.locator("details:has(#bad-bands) button").click()
    expect(page.locator("#bad-bands")).to_have_value("0-2, 7")
    scene.refresh_from_db()
    assert scene.bad_bands == [0, 1, 2, 7]


def test_compared_maps_share_the_cross_hair(alice: User, found: AnomalyMap, open_page: OpenPage) -> None:
    page = open_page(alice, f"/hsi/compare?ids={found.id}")
    panes = page.locator("[data-panes] .pane")
    expect(panes).to_have_count(4)
    panes.first.locator("canvas").hover()
    for number in range(4):
        expect(panes.nth(number).locator("[data-readout]")).to_have_text(re.compile(r"^20, 25: "))
    page.locator("[data-pane]").last.check()
    expect(panes).to_have_count(5)


def test_data_without_a_header_are_not_sent(alice: User, open_page: OpenPage) -> None:
    page = open_page(alice, "/hsi/new")
    page.set_input_files("input[type=file]", {"name": "cube.img", "mimeType": "", "buffer": b"1234"})
    expect(page.locator("[data-upload-fault]")).to_contain_text("without its header")
    expect(page.locator("#upload .button-main")).to_be_disabled()


@pytest.mark.parametrize("path", ["/hsi/", "/hsi/new", "/hsi/detect", "/hsi/sensors", "/hsi/compare"])
def test_pages_fit_a_phone(alice: User, found: AnomalyMap, open_page: OpenPage, path: str) -> None:
    assert fits(open_page(alice, path, width=360, touch=True))
