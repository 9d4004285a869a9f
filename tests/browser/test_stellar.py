"""Real Chromium on the pages of stars: from files to a table, a star, a decision, wide and narrow."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import numpy as np
import pytest
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from cvstudio.accounts.models import User
from cvstudio.datasets.tests.carry_out import carry_out_all
from ml_core.stellar.simulate import simulate_survey
from ml_core.stellar.spectra.wavelengths import vacuum_to_air
from stellar.models import Star, Survey
from stellar.tests.makers import make_classifier, make_prediction, make_survey_row

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]


@pytest.fixture
def survey(alice: User) -> Survey:
    return make_survey_row(alice)


def archive(tmp_path: Path) -> FilePayload:
    """A survey as a person would pack it: one star of it lacks its picture."""
    simulate_survey(tmp_path / "field", 10, seed=4)
    next(iter(sorted((tmp_path / "field" / "images").rglob("*.jpg")))).unlink()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for path in sorted((tmp_path / "field").rglob("*")):
            if path.is_file():
                packed.write(path, path.relative_to(tmp_path))
    return {"name": "field.zip", "mimeType": "application/zip", "buffer": stream.getvalue()}


def fits(page: Page) -> bool:
    """Whether the page is as wide as its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def open_star(open_page: OpenPage, user: User, star: Star, query: str = "", **more: object) -> Page:
    """The page of a star, with its spectrum drawn."""
    page = open_page(user, f"/stellar/stars/{star.id}{query}", **more)
    expect(page.locator(f"[data-star][data-shown='{star.id}']")).to_be_visible()
    return page


def shown_range(page: Page) -> tuple[float, float]:
    """The wavelengths that the spectrum shows, as its text says them."""
    summary = page.locator("[data-summary]")
    expect(summary).to_have_text(re.compile(r"from [\d.]+ to [\d.]+ "))
    found = re.search(r"from ([\d.]+) to ([\d.]+) ", summary.inner_text())
    assert found
    return float(found[1]), float(found[2])


def pixels(canvas: Locator) -> str:
    """What a canvas shows."""
    return str(canvas.evaluate("canvas => canvas.toDataURL()"))


def test_the_browser_reckons_as_the_server_does(alice: User, open_page: OpenPage) -> None:
    page = open_page(alice, "/stellar/")
    load = (
        "import(document.querySelector('script[src*=\"js/app\"]').src.replace(/js.app.*/, 'stellar/spectrum-math.js'))"
    )
    vacuum = np.linspace(3600.0, 10400.0, 40)
    air = page.evaluate(f"values => {load}.then(math => values.map(math.vacuumToAir))", vacuum.tolist())
    assert np.allclose(air, vacuum_to_air(vacuum), rtol=0, atol=1e-3)
    rng = np.random.default_rng(0)
    x = 4000.0 * 10 ** (1e-4 * np.arange(300))
    flux, ivar = rng.normal(5, 1, 300), rng.uniform(0.1, 4, 300)
    ivar[100:104] = 0
    raw = {"x": x.tolist(), "flux": flux.tolist(), "ivar": ivar.tolist()}
    made = page.evaluate(
        f"raw => {load}.then(math => math.smooth(raw, 8)).then(made => [[...made.flux], [...made.error]])", raw
    )
    distance = np.abs(x[:, None] - x[None, :]) / (8 / 2.354820045)
    kernel = np.where(distance <= 3, np.exp(-0.5 * distance**2), 0)
    weight = kernel * ivar
    assert np.allclose(made[0], weight @ flux / weight.sum(1), rtol=1e-9)
    assert np.allclose(made[1], np.sqrt(kernel**2 @ ivar) / weight.sum(1), rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
def test_an_archive_becomes_a_survey_with_every_reason_told(
    alice: User, open_page: OpenPage, tmp_path: Path, width: int
) -> None:
    page = open_page(alice, "/stellar/new", width=width)
    page.set_input_files("input[type=file]", archive(tmp_path))
    page.click("#upload .button-main")
    expect(page.locator("#import[data-working]")).to_be_visible()
    carry_out_all()
    expect(page.locator(".stats")).to_be_visible()
    survey = Survey.objects.get()
    assert (survey.stars, survey.complete) == (10, 9)
    assert fits(page)
    page.locator(".reason-row a").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("is missing")
    assert fits(page)


def test_a_file_that_is_no_survey_is_not_sent(alice: User, open_page: OpenPage) -> None:
    page = open_page(alice, "/stellar/new")
    lonely: FilePayload = {"name": "spec-0266-51602-0003.fits", "mimeType": "", "buffer": b"SIMPLE"}
    page.set_input_files("input[type=file]", lonely)
    expect(page.locator("[data-upload-fault]")).to_contain_text("no catalogue")
    expect(page.locator("#upload .button-main")).to_be_disabled()


def test_rows_are_chosen_by_keys_and_changed_together(alice: User, survey: Survey, open_page: OpenPage) -> None:
    page = open_page(alice, f"/stellar/surveys/{survey.id}/stars")
    rows = page.locator("#stars tbody tr")
    rows.first.focus()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-selection] [data-count]")).to_have_text("2 stars selected")
    page.select_option("[data-set-class]", "M4")
    expect(page.locator("[data-selection]")).to_be_hidden()
    assert [star.label for star in survey.star_rows.order_by("position")[:2]] == [4, 4]
    page.locator("[data-all-here]").check()
    expect(page.locator("[data-selection] [data-count]")).to_have_text(f"{survey.stars} stars selected")
    page.locator("[data-decide=rejected]").click()
    expect(page.locator(".toast", has_text="changed")).to_be_visible()
    expect(page.locator("[data-selection]")).to_be_hidden()
    assert set(survey.star_rows.values_list("screening", flat=True)) == {"rejected"}


def test_all_that_match_are_deleted_after_a_question(alice: User, survey: Survey, open_page: OpenPage) -> None:
    page = open_page(alice, f"/stellar/surveys/{survey.id}/stars?class=M1")
    count = survey.classes["M1"]
    page.locator("[data-all-here]").check()
    page.locator("[data-selection] [data-opens=delete-stars]").click()
    expect(page.locator("[data-delete-text]")).to_have_text(f"{count} stars are deleted.")
    page.locator("#delete-stars .dialog-foot [data-closes]").click()
    assert survey.star_rows.filter(label=1).count() == count
    page.locator("[data-selection] [data-opens=delete-stars]").click()
    page.locator("[data-delete]").click()
    expect(page.get_by_text("No star fits these filters")).to_be_visible()
    assert not survey.star_rows.filter(label=1).exists()


def test_filters_stand_in_the_address_and_empty_ones_do_not(alice: User, survey: Survey, open_page: OpenPage) -> None:
    page = open_page(alice, f"/stellar/surveys/{survey.id}/stars")
    page.select_option("#filters [name=class]", "M3")
    page.wait_for_url("**/stars?class=M3")
    expect(page.locator("#stars tbody tr")).to_have_count(survey.classes["M3"])
    first = survey.star_rows.filter(label=3).order_by("position")[0]
    page.fill("#filters [name=cone]", f"{first.ra},{first.dec},5''")
    page.keyboard.press("Enter")
    expect(page.locator("#stars tbody tr")).to_have_count(1)
    assert "class=M3" in page.url and "sn_min" not in page.url
    page.locator("#stars tbody a").click()
    expect(page.locator("[data-go=next]")).to_have_attribute("aria-disabled", "true")


def test_keys_go_from_star_to_star_without_loading_the_page_again(
    alice: User, survey: Survey, open_page: OpenPage
) -> None:
    stars = list(survey.star_rows.order_by("position"))
    page = open_star(open_page, alice, stars[0])
    page.evaluate("window.isSamePage = true")
    with page.expect_response(lambda answer: f"{stars[2].id}/spectrum" in answer.url):
        page.keyboard.press("j")
    expect(page.locator(f"[data-star][data-shown='{stars[1].id}']")).to_be_visible()
    expect(page.locator("h1")).to_have_text(stars[1].name)
    expect(page).to_have_url(re.compile(str(stars[1].id)))
    before = pixels(page.locator(".spectrum-canvas"))
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"[data-star][data-shown='{stars[2].id}']")).to_be_visible()
    assert pixels(page.locator(".spectrum-canvas")) != before
    page.go_back()
    expect(page.locator("h1")).to_have_text(stars[1].name)
    page.keyboard.press("k")
    expect(page.locator("h1")).to_have_text(stars[0].name)
    assert page.evaluate("window.isSamePage")


def test_a_star_that_was_fetched_ahead_is_shown_at_once(alice: User, survey: Survey, open_page: OpenPage) -> None:
    stars = list(survey.star_rows.order_by("position"))
    page = open_page(alice, "/stellar/")
    with page.expect_response(lambda answer: f"{stars[3].id}/image" in answer.url) as ahead:
        page.goto(urljoin(page.url, f"/stellar/stars/{stars[0].id}"))
    ahead.value.finished()
    page.route("**/stellar/stars/**", lambda route: route.abort())  # whatever is shown now is here already
    page.keyboard.press("j")
    expect(page.locator(f"[data-star][data-shown='{stars[1].id}']")).to_be_visible()


def test_the_spectrum_zooms_and_never_beyond_its_data(alice: User, survey: Survey, open_page: OpenPage) -> None:
    page = open_star(open_page, alice, survey.star_rows.order_by("-sn")[0])
    whole = shown_range(page)
    canvas = page.locator(".spectrum-canvas")
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 300, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 420, box["y"] + 152, steps=4)
    page.mouse.up()
    expect(page.locator("[data-summary]")).not_to_contain_text(f"from {whole[0]:.0f} to")
    near = shown_range(page)
    assert whole[0] < near[0] < near[1] < whole[1]
    for _ in range(60):
        page.keyboard.press("ArrowRight")
    expect(page.locator("[data-summary]")).to_contain_text(f"to {whole[1]:.0f} Å")
    page.keyboard.press("0")
    expect(page.locator("[data-summary]")).to_contain_text(f"from {whole[0]:.0f} to {whole[1]:.0f} Å")
    page.locator("[data-choose=unit][value=nm]").click()
    expect(page.locator("[data-summary]")).to_contain_text(f"to {whole[1] / 10:.0f} nm")


def test_the_scale_is_that_of_the_star_and_not_of_one_wild_pixel(
    alice: User, survey: Survey, open_page: OpenPage
) -> None:
    page = open_page(alice, "/stellar/")
    star = survey.star_rows.order_by("-sn")[0]

    def spoil(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        body["flux"][1000] = 1e6
        route.fulfill(response=answer, json=body)

    page.route(f"**/{star.id}/spectrum", spoil)
    page.goto(urljoin(page.url, f"/stellar/stars/{star.id}"))
    summary = page.locator("[data-summary]")
    expect(summary).to_have_text(re.compile("flux density from"))
    found = re.search(r"to ([\d.e+]+)\.", summary.inner_text().split("flux density")[1])
    assert found and float(found[1]) < 1e4


def test_a_survey_of_few_spectra_says_why_there_is_no_mean(alice: User, survey: Survey, open_page: OpenPage) -> None:
    page = open_page(alice, "/stellar/")
    page.route("**/means", lambda route: route.fulfill(json={"classes": {}}))
    page.goto(urljoin(page.url, f"/stellar/stars/{survey.star_rows.order_by('-sn')[0].id}"))
    expect(page.locator("[data-spectrum-note]")).to_contain_text("no class mean")


def test_smoothing_is_raw_until_asked_for_and_remembered(alice: User, survey: Survey, open_page: OpenPage) -> None:
    first, second = survey.star_rows.order_by("position")[:2]
    page = open_star(open_page, alice, first)
    expect(page.locator("[data-smoothing-value]")).to_have_text("raw")
    raw = pixels(page.locator(".spectrum-canvas"))
    page.locator("[data-smoothing]").fill("12")
    expect(page.locator("[data-smoothing-value]")).to_have_text("12 Å")
    page.wait_for_function("before => document.querySelector('.spectrum-canvas').toDataURL() !== before", arg=raw)
    page.goto(urljoin(page.url, f"/stellar/stars/{second.id}"))
    expect(page.locator("[data-smoothing-value]")).to_have_text("12 Å")


def test_lines_move_with_velocity_and_medium_and_people_add_their_own(
    alice: User, survey: Survey, open_page: OpenPage
) -> None:
    page = open_star(open_page, alice, survey.star_rows.order_by("-sn")[0])
    canvas = page.locator(".spectrum-canvas")

    def changes(act: Callable[[], object]) -> None:
        before = pixels(canvas)
        act()
        page.wait_for_function(
            "before => document.querySelector('.spectrum-canvas').toDataURL() !== before", arg=before
        )

    changes(lambda: page.locator("[data-show=band]").uncheck())
    page.locator("[data-velocity]").fill("9000")
    changes(lambda: page.keyboard.press("Enter"))
    changes(lambda: page.locator("[data-choose=medium][value=air]").click())
    changes(lambda: page.locator("[data-choose=frame][value=rest]").click())
    page.locator(".spectrum-lines summary").click()
    page.fill("#own-line", "lithium")
    page.keyboard.press("Enter")
    assert page.locator("#own-line").evaluate("field => !field.validity.valid")
    page.fill("#own-line", "Li I 670.78 nm")
    changes(lambda: page.keyboard.press("Enter"))
    own = page.locator("[data-lines] .line-choice", has_text="Li I")
    expect(own).to_be_visible()
    changes(lambda: own.locator("input").uncheck())
    own.locator("button").click()
    expect(own).to_have_count(0)


def test_the_spectrum_is_saved_with_its_units(alice: User, survey: Survey, open_page: OpenPage) -> None:
    page = open_star(open_page, alice, survey.star_rows.order_by("-sn")[0])
    expect(page.locator("[data-spectrum-note]")).to_contain_text("nearest mean M")
    with page.expect_download() as table:
        page.locator("[data-save=csv]").click()
    rows = list(csv.reader(table.value.path().read_text().splitlines()))
    assert rows[0][:3] == ["wavelength_vacuum_observed", "flux", "error"] and rows[0][3].startswith("mean_M")
    assert rows[1][0] == "Å" and "erg" in rows[1][1] and rows[1][4] == "sigma"
    assert len(rows) > 3000 and 3000 < float(rows[2][0]) < 5000
    with page.expect_download() as picture:
        page.locator("[data-save=png]").click()
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")


def test_what_decided_is_drawn_onto_spectrum_and_image(alice: User, survey: Survey, open_page: OpenPage) -> None:
    make_prediction(survey, make_classifier(alice, survey=survey))
    star = survey.star_rows.order_by("position")[0]
    page = open_star(open_page, alice, star)
    found = {
        "class": "M2", "unit": "change of the log-odds",
        "spectrum": {"start": [5000.0, 7000.0], "end": [5200.0, 7200.0], "value": [-0.5, 2.0]},
        "image": {"rows": 2, "columns": 2, "values": [[0.0, 1.0], [0.5, -1.0]]},
    }  # fmt: skip
    page.route("**/attribution?**", lambda route: route.fulfill(json={"classifier": "x", "attribution": found}))
    before = [pixels(page.locator(name)) for name in (".spectrum-canvas", ".picture-canvas")]
    button = page.locator("[data-attribution]").first
    button.click()
    expect(page.locator("[data-attribution-place]")).to_contain_text("7000–7200 Å (+2.00)")
    expect(button).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("before => document.querySelector('.spectrum-canvas').toDataURL() !== before", arg=before[0])
    assert pixels(page.locator(".picture-canvas")) != before[1]
    page.locator("[data-show=decided]").uncheck()
    page.wait_for_function("before => document.querySelector('.picture-canvas').toDataURL() === before", arg=before[1])


def test_stars_that_are_most_alike_are_links(alice: User, survey: Survey, open_page: OpenPage) -> None:
    make_prediction(survey, make_classifier(alice, survey=survey))
    page = open_star(open_page, alice, survey.star_rows.order_by("position")[0])
    thumbs = page.locator("[data-neighbours] a")
    expect(thumbs.first).to_be_visible()
    address = thumbs.first.get_attribute("href") or ""
    thumbs.first.click()
    expect(page).to_have_url(re.compile(re.escape(address)))


def test_pictures_are_accepted_rejected_and_taken_back_by_keys(
    alice: User, survey: Survey, open_page: OpenPage
) -> None:
    page = open_page(alice, f"/stellar/surveys/{survey.id}/screening")
    shots = page.locator(".shot")
    expect(shots).to_have_count(survey.with_image)
    expect(shots.first).to_be_focused()
    first, second = (shots.nth(at).get_attribute("data-id") for at in (0, 1))
    page.keyboard.press("r")
    expect(shots.nth(1)).to_be_focused()
    page.keyboard.press("a")
    counts = page.locator("[data-counts]")
    expect(counts).to_have_text(f"2 of {survey.with_image} decided, 1 rejected")
    decided = {str(star.id): star.screening for star in survey.star_rows.exclude(screening="")}
    assert decided == {first: "rejected", second: "accepted"}
    page.keyboard.press("u")
    page.keyboard.press("u")
    expect(counts).to_have_text(f"0 of {survey.with_image} decided, 0 rejected")
    expect(shots.first).to_be_focused()
    assert not survey.star_rows.exclude(screening="").exists()
    page.keyboard.press("l")
    expect(page.locator(".shot:visible")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".shot:visible")).to_have_attribute("data-id", second or "")
    page.keyboard.press("l")
    page.keyboard.press("Shift+A")
    expect(page.locator(".screening-done")).to_contain_text("Every image is decided")
    assert survey.star_rows.filter(screening="accepted").count() == survey.with_image


def test_a_decision_on_the_page_of_a_star_stays_there(alice: User, survey: Survey, open_page: OpenPage) -> None:
    star = survey.star_rows.order_by("position")[0]
    page = open_star(open_page, alice, star)
    page.keyboard.press("r")
    expect(page.locator("[data-decide=rejected]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-slot=head]")).to_contain_text("image rejected")
    page.keyboard.press("r")
    expect(page.locator("[data-decide=rejected]")).to_have_attribute("aria-pressed", "false")
    page.select_option("[data-class]", "M3")
    expect(page.locator(".toast", has_text="The class is saved.")).to_be_visible()
    star.refresh_from_db()
    assert (star.label, star.label_edited, star.screening) == (3, True, "")


PATHS = ("", "/stars", "/screening", "/downloads", "/left-out", "/downloads?kind=spectra")


@pytest.mark.parametrize("path", PATHS)
def test_pages_fit_a_phone(alice: User, survey: Survey, open_page: OpenPage, path: str) -> None:
    assert fits(open_page(alice, f"/stellar/surveys/{survey.id}{path}", width=360, touch=True))


def test_a_star_fits_a_phone(alice: User, survey: Survey, open_page: OpenPage) -> None:
    assert fits(open_star(open_page, alice, survey.star_rows.order_by("position")[0], width=360, touch=True))
