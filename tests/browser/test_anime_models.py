"""Real Chromium on the pages of anime models: train, judge, compare, draw, search."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from anime.models import CharacterImage, Collection, GeneratedImage, Training
from anime.tests.model_makers import make_collection_row, make_drawn, make_generator, make_recogniser
from cvstudio.accounts.models import User
from cvstudio.inference.serving.client import Answer, Ask
from cvstudio.runs.models import Run, RunState
from cvstudio.weights.models import WeightVersion
from ml_core.anime.tests.drawn import draw_face

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]


def fits(page: Page) -> bool:
    """Whether the page is as wide as its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def png_address(image: Image.Image) -> str:
    held = io.BytesIO()
    image.save(held, "PNG")
    return "data:image/png;base64," + base64.b64encode(held.getvalue()).decode()


@pytest.fixture
def collection(alice: User) -> Collection:
    return make_collection_row(alice)


@pytest.fixture
def recogniser(alice: User, collection: Collection) -> WeightVersion:
    version = make_recogniser(alice, collection)
    collection.recogniser = version
    collection.save()
    return version


@pytest.fixture
def generator(alice: User, collection: Collection, recogniser: WeightVersion) -> WeightVersion:
    return make_generator(alice, collection, recogniser)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch, collection: Collection) -> None:
    """Answers of the infer worker, in the shape of its predictors."""

    def recognise(ask: Ask, content: bytes) -> Answer:
        rows = CharacterImage.objects.filter(collection=collection)[:3]
        nearest = [{"name": "aoi", "image": row.path, "similarity": 0.9 - at / 10} for at, row in enumerate(rows)]
        grey = png_address(Image.linear_gradient("L").resize((8, 8)))
        return Answer({"top": [], "nearest": nearest, "activation_map": grey}, {"total": 1.0}, 1)

    def draw(ask: Ask, content: bytes) -> Answer:
        wish = json.loads(content)
        seeds = wish.get("seeds") or [wish["between"][0]] * wish["steps"]
        path = CharacterImage.objects.filter(collection=collection).values_list("path", flat=True)[0]
        drawn = [
            {"seed": seed, "share": at / 8 if "between" in wish else None, "png": png_address(draw_face(0, seed, 64)),
             "confidence": 0.9, "agreed": at != 0, "nearest": {"path": path, "distance": 0.4, "is_copy": at == 1}}
            for at, seed in enumerate(seeds)
        ]  # fmt: skip
        return Answer({"images": drawn}, {"total": 1.0}, 1)

    monkeypatch.setattr("anime.services.ask_recogniser.predict_remotely", recognise)
    monkeypatch.setattr("anime.services.generate.predict_remotely", draw)


def test_the_wizard_follows_kind_preset_and_collection(
    alice: User, recogniser: WeightVersion, open_page: OpenPage
) -> None:
    page = open_page(alice, "/anime/train")
    expect(page.locator("#estimate strong").first).to_have_text("24 images")
    time = page.locator("#estimate strong").nth(1)
    before = time.inner_text()
    page.locator("input[name=preset][value=quick]").check()
    expect(page.locator("[name='settings.fit.epochs']")).to_have_value("8")
    expect(time).not_to_have_text(before)
    page.locator(".kinds a", has_text="Generator").click()
    page.locator("select[name=character]").select_option("chika mori")
    expect(page.locator("#estimate strong").first).to_have_text("6 images")
    expect(page.locator("select[name=character]")).to_have_value("chika mori")
    assert fits(page)


def test_a_training_starts_and_stands_above_the_recognisers(
    alice: User, collection: Collection, open_page: OpenPage
) -> None:
    page = open_page(alice, "/anime/train")
    page.locator("[name='settings.fit.epochs']").fill("2")
    page.locator("[name='settings.fit.epochs']").blur()
    page.click("button[form=train]")
    expect(page.locator("#trainings .training-row")).to_contain_text("Four friends")
    training = Training.objects.get()
    assert training.settings == {"fit": {"epochs": 2}} and training.kind == "recogniser"


@pytest.mark.usefixtures("answering")
def test_a_recogniser_shows_where_it_fails_and_where_it_looked(
    alice: User, recogniser: WeightVersion, open_page: OpenPage
) -> None:
    page = open_page(alice, f"/anime/recognisers/{recogniser.id}")
    expect(page.locator("#calibration .main-svg").first).to_be_visible()
    page.locator("[data-look-at]").check()
    page.locator("#worst .image-card").first.scroll_into_view_if_needed()
    expect(page.locator("#worst .looked").first).to_be_visible()
    page.locator("[data-look-at]").uncheck()
    expect(page.locator("#worst .looked").first).to_be_hidden()
    cell = page.locator(".confusion .shade a").first
    count = int(cell.inner_text())
    cell.click()
    expect(page.locator(".image-card")).to_have_count(count)
    assert fits(page)


def test_a_student_is_compared_with_its_teacher(
    alice: User, collection: Collection, recogniser: WeightVersion, open_page: OpenPage
) -> None:
    make_recogniser(alice, collection, "Small", kind="student", teacher=recogniser)
    page = open_page(alice, "/anime/compare")
    expect(page.locator("#sources .main-svg").first).to_be_visible()
    expect(page.locator("main .alert")).to_contain_text("5.0 times as fast")
    assert fits(page)


def test_the_slider_goes_through_the_epochs(alice: User, generator: WeightVersion, open_page: OpenPage) -> None:
    page = open_page(alice, f"/anime/generators/{generator.id}")
    expect(page.locator("[data-epoch]")).to_have_text("epoch 3")
    newest = page.locator("[data-sheet]").get_attribute("src")
    page.locator("[data-at]").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-epoch]")).to_have_text("epoch 2")
    assert page.locator("[data-sheet]").get_attribute("src") != newest
    page.locator("[data-play]").click()
    expect(page.locator("[data-epoch]")).to_have_text("epoch 3")
    expect(page.locator(".pair-card")).to_have_count(4)
    expect(page.locator(".pair-card", has_text="memorised")).to_have_count(1)
    assert fits(page)


def test_a_training_without_samples_says_when_they_come(
    alice: User, collection: Collection, open_page: OpenPage
) -> None:
    run = Run.objects.create(owner=alice, name="Aoi again", recipe="anime.generator", state=RunState.FAILED)
    training = Training.objects.create(owner=alice, name="Aoi again", kind="generator", collection=collection, run=run)
    page = open_page(alice, f"/anime/trainings/{training.id}/timeline")
    expect(page.locator("[data-timeline-none]")).to_have_text("This training left no samples.")
    expect(page.get_by_role("link", name="Try again")).to_be_visible()


@pytest.mark.usefixtures("answering")
def test_images_are_drawn_kept_and_deleted(alice: User, generator: WeightVersion, open_page: OpenPage) -> None:
    page = open_page(alice, "/anime/generate")
    page.locator("select[name=count]").select_option("4")
    page.locator("#draw button.button-main").click()
    expect(page.locator("#drawn .drawn-card")).to_have_count(4)
    expect(page.locator("#gallery .drawn-card")).to_have_count(4)
    expect(page.locator("#drawn .drawn-card", has_text="not recognised")).to_have_count(1)
    expect(page.locator("#drawn .drawn-card", has_text="memorised")).to_have_count(1)
    expect(page.locator("#drawn .drawn-nearest").first).to_be_visible()

    first = page.locator("#gallery .drawn-card").first
    first.get_by_role("button", name="Favourite").click()
    expect(first.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")
    page.locator("#gallery input[name=favourites]").check()
    expect(page.locator("#gallery .drawn-card")).to_have_count(1)
    page.locator("#gallery").get_by_role("button", name="Delete").click()
    expect(page.locator("#gallery .drawn-card")).to_have_count(0)
    assert GeneratedImage.objects.count() == 3

    page.locator("input[name=way][value=between]").check()
    expect(page.locator("select[name=count]")).to_be_hidden()
    page.locator("select[name=steps]").select_option("5")
    page.locator("#draw button.button-main").click()
    expect(page.locator("#drawn .drawn-card")).to_have_count(5)
    assert GeneratedImage.objects.filter(seed_to=2).count() == 5
    assert fits(page)


def test_drawn_images_fit_a_phone(alice: User, generator: WeightVersion, open_page: OpenPage) -> None:
    make_drawn(alice, generator)
    for path in ("/anime/generate", f"/anime/generators/{generator.id}", "/anime/search?q=aoi"):
        page = open_page(alice, path, width=360)
        expect(page.locator("h1")).to_be_visible()
        assert fits(page), path


@pytest.mark.usefixtures("answering")
def test_images_are_found_by_words_and_by_an_image(alice: User, recogniser: WeightVersion, open_page: OpenPage) -> None:
    page = open_page(alice, "/anime/search")
    page.get_by_role("link", name=re.compile("^aoi")).click()
    expect(page.locator(".image-card")).to_have_count(6)
    page.get_by_role("link", name="More like this").last.click()
    expect(page.locator(".image-card")).to_have_count(3)
    expect(page.locator("[data-search-image][data-ready]")).to_be_attached()
    held = io.BytesIO()
    draw_face(0, 77).save(held, "PNG")
    page.set_input_files("input[name=image]", {"name": "new.png", "mimeType": "image/png", "buffer": held.getvalue()})
    expect(page.locator("main")).to_contain_text("Most like new.png")
    expect(page.locator(".image-card")).to_have_count(3)


def test_known_addresses_survive_things_that_are_gone(alice: User, open_page: OpenPage) -> None:
    gone = "00000000-0000-0000-0000-000000000000"
    page = open_page(alice, f"/anime/search?like={gone}&q=aoi")
    expect(page.locator("h1")).to_have_text("Search")
    answer: Any = page.goto(page.url.split("/anime/")[0] + f"/anime/recognisers/{gone}")
    assert answer.status == 404
