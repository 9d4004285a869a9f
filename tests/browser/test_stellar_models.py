"""Real Chromium on the pages of star classifiers: train, judge, classify surveys and single stars, look at the map."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cvstudio.accounts.models import User
from cvstudio.datasets.tests.carry_out import carry_out_all
from cvstudio.inference.serving.client import Answer, Ask
from cvstudio.weights.library import folder_of
from cvstudio.weights.models import WeightVersion
from ml_core.stellar.predictor import StarPredictor
from stellar.models import Prediction, Star, Survey, Training
from stellar.storage import image_path, spectrum_path
from stellar.tests.makers import make_survey_row
from stellar.tests.model_makers import make_classifier, make_prediction

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]


def fits(page: Page) -> bool:
    """Whether the page is as wide as its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.fixture
def survey(alice: User) -> Survey:
    return make_survey_row(alice)


@pytest.fixture
def version(alice: User, survey: Survey) -> WeightVersion:
    return make_classifier(alice, survey)


@pytest.fixture
def without_a_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The predictor answers in this process instead of in a worker."""

    def answer(ask: Ask, content: bytes) -> Answer:
        served = StarPredictor()
        served.load(folder_of(WeightVersion.objects.get(id=ask.weight)), "cpu")
        (found,) = served.forward(served.preprocess(content)[None])
        return Answer(served.postprocess(found), {"total": 1.0}, 1)

    monkeypatch.setattr("stellar.services.classify_star.predict_remotely", answer)


@pytest.mark.slow
@pytest.mark.usefixtures("without_a_queue")
def test_a_classifier_is_trained_judged_and_asked(
    alice: User, survey: Survey, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(alice, "/stellar/train")
    expect(page.locator("#usable strong").first).to_have_text(str(survey.stars))
    page.locator("[name='settings.epochs']").fill("1")
    page.locator(".form-group", has_text="Training").locator("summary").first.click()
    page.locator("[name='settings.steps_per_epoch']").fill("4")
    page.click("button[form=train]")
    expect(page.locator("#trainings .training-row")).to_be_visible()
    carry_out_all()
    version = Training.objects.get().classifier
    assert version is not None
    page.locator("tbody a", has_text=version.weight.name).click(timeout=20_000)
    expect(page.locator("#calibration .main-svg").first).to_be_visible()
    expect(page.locator(".confusion .shade a").first).to_be_visible()

    page.get_by_role("button", name="Classify a survey").click()
    page.locator("#classify-survey button.button-main").click()
    expect(page.locator("#prediction-progress[data-working]")).to_be_visible()
    carry_out_all()
    expect(page.locator("#classes .main-svg").first).to_be_visible(timeout=20_000)
    assert Prediction.objects.get().stars == survey.stars

    page.goto(page.url.split("/stellar/")[0] + f"/stellar/classifiers/{version.id}/map")
    expect(page.locator("[data-embedding][data-ready]")).to_be_attached()
    page.locator("[data-colour]").select_option("novelty")
    expect(page.locator(".legend-bar")).to_be_visible()

    page.goto(page.url.split("/stellar/")[0] + f"/stellar/classify?classifier={version.id}")
    star = Star.objects.filter(survey=survey).order_by("position")[0]
    expect(page.locator("[data-classify][data-ready]")).to_be_attached()
    page.set_input_files("input[name=spectrum]", spectrum_path(star))
    page.set_input_files("input[name=image]", image_path(star))
    page.locator("[data-ask]").click()
    expect(page.locator("[data-answer][data-ready]")).to_be_attached(timeout=30_000)
    expect(page.locator("[data-probabilities] li")).to_have_count(5)
    expect(page.locator("[data-modalities]")).to_contain_text("the spectrum")
    expect(page.locator("[data-modalities]")).to_contain_text("the image")
    expect(page.locator(".type-scale")).to_have_attribute("aria-label", re.compile(r"^Type M-?\d\.\d ± \d"))
    expect(page.locator("#decided-spectrum .main-svg").first).to_be_visible()
    assert fits(page)

    page.locator("[data-remove=image]").click()
    page.locator("[data-ask]").click()
    expect(page.locator("[data-picture]")).to_have_count(0)

    (tmp_path / "spectrum.fits").write_text("<html>Not found</html>")
    page.set_input_files("input[name=spectrum]", tmp_path / "spectrum.fits")
    page.locator("[data-ask]").click()
    expect(page.locator("[data-fault=spectrum] .alert")).to_be_visible()
    expect(page.locator(".answer-card")).to_have_count(0)


def test_dropped_files_find_their_place_by_their_kind(
    alice: User, survey: Survey, version: WeightVersion, open_page: OpenPage
) -> None:
    page = open_page(alice, "/stellar/classify")
    expect(page.locator("[data-classify][data-ready]")).to_be_attached()
    expect(page.locator("[data-ask]")).to_be_disabled()
    script = """() => {
        const files = new DataTransfer();
        files.items.add(new File(["x"], "star.jpg", {type: "image/jpeg"}));
        files.items.add(new File(["x"], "spec-0412-52258-0001.fits"));
        document.querySelector("[data-drop=spectrum]").dispatchEvent(new DragEvent("drop", {dataTransfer: files}));
    }"""
    page.evaluate(script)
    expect(page.locator("[data-drop=spectrum] [data-chosen]")).to_contain_text("spec-0412-52258-0001.fits")
    expect(page.locator("[data-drop=image] [data-chosen]")).to_contain_text("star.jpg")
    expect(page.locator("[data-ask]")).to_be_enabled()


def test_the_counts_of_the_wizard_follow_the_choice(alice: User, survey: Survey, open_page: OpenPage) -> None:
    Star.objects.filter(survey=survey, position__lt=3).update(image_file="")
    page = open_page(alice, "/stellar/train")
    total = page.locator("#usable strong").first
    expect(total).to_have_text(str(survey.stars - 3))
    page.locator("input[name=modality][value=spectrum]").check()
    expect(total).to_have_text(str(survey.stars))
    time = page.locator("#usable strong").nth(1)
    before = time.inner_text()
    page.locator("input[name=preset][value=specification]").check()
    expect(page.locator("[name='settings.batch_size']")).to_have_value("32")
    expect(time).not_to_have_text(before)


def test_a_cell_of_the_confusion_matrix_leads_to_its_stars(
    alice: User, version: WeightVersion, open_page: OpenPage
) -> None:
    page = open_page(alice, f"/stellar/classifiers/{version.id}")
    page.get_by_role("link", name="Image only").click()
    expect(page.locator("[aria-current=true]", has_text="Image only")).to_be_visible()
    cell = page.locator(".confusion .shade a").first
    count = int(cell.inner_text())
    cell.click()
    expect(page.locator(".star-card")).to_have_count(count)
    expect(page.locator(".star-card .star-spark").first).to_be_visible()


@pytest.fixture
def classified(survey: Survey, version: WeightVersion) -> Prediction:
    return make_prediction(survey, version)


def place_of(page: Page, at: int) -> tuple[float, float]:
    """Where a point of the map stands in the window: the drawing keeps the same margin as the script."""
    box = page.locator(".embedding-canvas").bounding_box()
    assert box is not None
    found: list[float] = page.evaluate(
        """async (at) => {
            const address = JSON.parse(document.getElementById("boot").textContent).embedding;
            const {x, y} = await (await fetch(address)).json();
            const part = (values, value) => {
                const [low, high] = [Math.min(...values), Math.max(...values)];
                const room = (high - low) * 0.04;
                return (value - low + room) / (high - low + 2 * room);
            };
            return [part(x, x[at]), 1 - part(y, y[at])];
        }""",
        at,
    )
    return box["x"] + found[0] * box["width"], box["y"] + found[1] * box["height"]


def test_the_map_shows_the_star_under_the_pointer_and_keeps_a_clicked_one(
    alice: User, classified: Prediction, open_page: OpenPage
) -> None:
    page = open_page(alice, f"/stellar/surveys/{classified.survey_id}/map")
    expect(page.locator("[data-embedding][data-ready]")).to_be_attached()
    star = Star.objects.filter(survey=classified.survey_id).order_by("position")[0]
    left, top = place_of(page, 0)
    page.mouse.move(left, top)
    expect(page.locator("[data-preview]")).to_contain_text(star.name)
    expect(page.locator("[data-preview] .star-spark")).to_be_visible()
    page.mouse.click(left, top)
    page.mouse.move(5, 5)
    expect(page.locator("[data-preview] a")).to_have_attribute("href", f"/stellar/stars/{star.id}")


def test_stars_chosen_on_the_map_open_as_a_table(alice: User, classified: Prediction, open_page: OpenPage) -> None:
    page = open_page(alice, f"/stellar/surveys/{classified.survey_id}/map")
    expect(page.locator("[data-embedding][data-ready]")).to_be_attached()
    box = page.locator(".embedding-canvas").bounding_box()
    assert box is not None
    page.locator("[data-mode=box]").click()
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] - 2, steps=4)
    page.mouse.up()
    expect(page.locator("[data-selected-count]")).to_have_text(f"{classified.stars} stars")
    expect(page.locator("[data-selected-rows] tr")).to_have_count(classified.stars)
    page.locator("[data-selected-clear]").click()
    expect(page.locator("[data-selected-count]")).to_have_text("nothing chosen")

    left, top = place_of(page, 0)
    page.locator("[data-mode=lasso]").click()
    page.mouse.move(left - 12, top - 12)
    page.mouse.down()
    for right, down in ((12, -12), (12, 12), (-12, 12), (-12, -8)):
        page.mouse.move(left + right, top + down, steps=4)
    page.mouse.up()
    star = Star.objects.filter(survey=classified.survey_id).order_by("position")[0]
    expect(page.locator("[data-selected-rows]")).to_contain_text(star.name)
    page.locator("[data-selected-form] button").click()
    page.wait_for_url(re.compile(rf"/surveys/{classified.survey_id}/stars\?stars="))
    expect(page.locator("main")).to_contain_text(star.name)


def test_the_map_is_coloured_by_what_is_asked_and_classes_can_be_hidden(
    alice: User, classified: Prediction, open_page: OpenPage
) -> None:
    page = open_page(alice, f"/stellar/surveys/{classified.survey_id}/map")
    expect(page.locator("[data-embedding][data-ready]")).to_be_attached()
    colour = page.locator("[data-colour]")
    expect(page.locator(".legend-entry", has_text="no M0–M4 star")).to_be_visible()
    colour.select_option("sn")
    expect(page.locator(".legend-bar")).to_be_visible()
    colour.select_option("agreement")
    page.locator(".legend-entry", has_text="the same class").click()
    expect(page.locator(".legend-entry", has_text="the same class")).to_have_attribute("aria-pressed", "false")


def test_arrow_keys_go_from_star_to_star(alice: User, classified: Prediction, open_page: OpenPage) -> None:
    page = open_page(alice, f"/stellar/surveys/{classified.survey_id}/map")
    expect(page.locator("[data-embedding][data-ready]")).to_be_attached()
    page.locator(".embedding-canvas").focus()
    page.keyboard.press("ArrowRight")
    name = page.locator("[data-preview] a")
    expect(name).to_be_visible()
    first = name.inner_text()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    expect(name).not_to_have_text(first)


FRAMES = """async () => {
    const embedding = document.querySelector("script[src*=embedding]").src;
    const {Scatter} = await import(embedding.replace(/embedding[^/]*$/, "scatter.js"));
    const column = (step) => Float32Array.from({length: 100000}, (_unused, at) => (at * step) % 1);
    const points = {x: column(0.618034), y: column(0.414214)};
    const scatter = new Scatter(document.querySelector("[data-embedding]"), points);
    scatter.draw();
    const began = performance.now();
    for (let turn = 0; turn < 5; turn += 1) {
        scatter.zoomAt(100, 100, 1.1);
        scatter.draw();
        scatter.nearest(200, 200);
    }
    return (performance.now() - began) / 5;
}"""


def test_a_map_of_100_000_stars_is_drawn_and_picked_at_once(
    alice: User, classified: Prediction, open_page: OpenPage
) -> None:
    page = open_page(alice, "/stellar/")
    page.route("**/embedding", lambda route: route.fulfill(json=many_stars(100_000)))
    page.goto(page.url.split("/stellar/")[0] + f"/stellar/surveys/{classified.survey_id}/map")
    expect(page.locator("[data-embedding][data-ready]")).to_be_attached(timeout=30_000)
    expect(page.locator("[data-count]")).to_have_text(re.compile("100,?000 stars"))
    took: Any = page.evaluate(FRAMES)
    assert took < 500, f"A frame took {took:.0f} ms."


def many_stars(count: int) -> dict[str, Any]:
    """Columns of a map as the API gives them."""
    return {
        "classes": ["M0", "M1", "M2", "M3", "M4"], "stars": [f"{at:032x}" for at in range(count)],
        "names": [str(at) for at in range(count)], "x": [at % 997 for at in range(count)],
        "y": [at % 883 for at in range(count)], "label": [at % 5 for at in range(count)],
        "predicted": [at % 6 - 1 for at in range(count)], "sn": [1 + at % 60 for at in range(count)],
        "novelty": [at % 10 / 10 for at in range(count)],
    }  # fmt: skip


def test_the_address_of_an_export_follows_format_and_columns(alice: User, survey: Survey, open_page: OpenPage) -> None:
    page = open_page(alice, f"/stellar/export?survey={survey.id}&class=M1")
    expect(page.locator("[data-export][data-ready]")).to_be_attached()
    page.locator("input[name=kind][value=votable]").check()
    page.locator("[data-all='']").click()
    expect(page.locator("[data-go]")).not_to_have_attribute("href", re.compile(".*"))
    for name in ("name", "ra"):
        page.locator(f"input[name=column][value={name}]").check()
    with page.expect_download() as download:
        page.locator("[data-go]").click()
    text = Path(download.value.path()).read_text()
    count = Star.objects.filter(survey=survey, label=1).count()
    assert text.count("<FIELD ") == 2 and 'unit="deg"' in text and text.count("<TR>") == count


def test_a_chosen_survey_compares_its_own_predictions(
    alice: User, classified: Prediction, version: WeightVersion, open_page: OpenPage
) -> None:
    other = make_prediction(classified.survey, version, seed=3, show=False)
    page = open_page(alice, f"/stellar/compare?survey={classified.survey_id}")
    page.locator("select[name=first]").select_option(str(classified.id))
    page.wait_for_url(re.compile(f"first={classified.id}"))
    expect(page.locator("select[name=second]")).to_have_value(str(other.id))
    expect(page.locator("tbody .star-spark").first).to_be_visible()
    page.locator(".confusion .shade a").first.click()
    expect(page.get_by_role("link", name="All differences")).to_be_visible()


PATHS = ("classify", "train", "classifiers", "compare", "export")


@pytest.mark.parametrize("name", PATHS)
def test_pages_fit_a_phone(alice: User, classified: Prediction, open_page: OpenPage, name: str) -> None:
    assert fits(open_page(alice, f"/stellar/{name}", width=360, touch=True))


def test_pages_of_one_thing_fit_a_phone(
    alice: User, classified: Prediction, version: WeightVersion, open_page: OpenPage
) -> None:
    survey = classified.survey_id
    for path in (
        f"classifiers/{version.id}", f"predictions/{classified.id}", f"surveys/{survey}/predictions",
        f"surveys/{survey}/map", f"export?survey={survey}",
    ):  # fmt: skip
        assert fits(open_page(alice, f"/stellar/{path}", width=360, touch=True)), path
