"""Real Chromium on the pages of characters: from files to a gallery, an answer, a new character, wide and narrow."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

from anime.models import Character, Collection, Correction, Enrolment, WorkState
from anime.storage import map_file, recognition_file, square_file
from anime.tests.model_makers import make_collection_row, make_recogniser
from anime.tests.test_anime_pages import REPORT, make_recognition
from cvstudio.accounts.models import User
from cvstudio.datasets.tests.carry_out import carry_out_all
from cvstudio.weights.models import WeightVersion
from ml_core.anime.tests.drawn import NAMES, draw_face

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]


@pytest.fixture
def collection(alice: User) -> Collection:
    return make_collection_row(alice)


@pytest.fixture
def recogniser(alice: User, collection: Collection) -> WeightVersion:
    return make_recogniser(alice, collection)


def face(character: int, seed: int) -> bytes:
    stream = io.BytesIO()
    draw_face(character, seed).save(stream, "PNG")
    return stream.getvalue()


def files(character: int, count: int) -> list[FilePayload]:
    return [
        {"name": f"new-{seed}.png", "mimeType": "image/png", "buffer": face(character, seed)} for seed in range(count)
    ]


def archive() -> FilePayload:
    """Three characters as a person would pack them, one image of them under two names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for character in range(3):
            for seed in range(8):
                packed.writestr(f"friends/{NAMES[character]}/{seed}.png", face(character, seed))
        packed.writestr(f"friends/{NAMES[0]}/twice.png", face(1, 3))
    return {"name": "friends.zip", "mimeType": "application/zip", "buffer": stream.getvalue()}


def fits(page: Page) -> bool:
    """Whether the page is as wide as its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def answered(body: dict[str, Any], status: int = 201) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, content_type="application/json", body=json.dumps(body))


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
def test_a_zip_becomes_characters_with_what_was_found(alice: User, open_page: OpenPage, width: int) -> None:
    page = open_page(alice, "/anime/", width=width)
    page.locator(".way", has_text="zip").click()
    page.set_input_files("input[type=file]", archive())
    page.click("#upload .button-main")
    expect(page.locator("#import[data-working]")).to_be_visible()
    carry_out_all()
    expect(page.locator(".character-card")).to_have_count(3)
    expect(page.locator("#health:not([data-working])")).to_contain_text("the same image under two characters")
    assert fits(page)
    page.locator("#health a", has_text="two characters").click()
    expect(page.locator(".shot")).to_have_count(2)
    expect(page.locator(".shot-finding").first).to_be_visible()
    assert fits(page)


def test_images_are_moved_left_out_and_taken_back_by_keys(
    alice: User, open_page: OpenPage, collection: Collection
) -> None:
    character = Character.objects.get(collection=collection, name="aoi")
    page = open_page(alice, f"/anime/characters/{character.id}")
    grid = page.locator("[data-gallery][data-ready]")
    expect(grid).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(grid.locator(".thumb").first).to_be_focused()
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    expect(page.locator("[data-gallery-bar]")).to_contain_text("2 images chosen")
    page.keyboard.press("m")
    page.fill("#move-name", "emi")
    page.keyboard.press("Enter")
    expect(page.locator(".shot[data-waits]")).to_have_count(2)
    expect(page.locator("#waiting[data-waiting='2']")).to_be_visible()
    assert set(Correction.objects.values_list("after", flat=True)) == {"emi"}
    page.keyboard.press("ArrowRight")
    page.keyboard.press("l")
    expect(page.locator("#waiting[data-waiting='3']")).to_be_visible()
    page.locator("#toasts button", has_text="Undo").last.click()
    expect(page.locator("#waiting[data-waiting='2']")).to_be_visible()
    grid.locator(".thumb").first.press("Enter")
    expect(page.locator("#viewer")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#viewer [data-place]")).to_have_text("2 / 6")


def test_images_become_answers_and_answers_training_data(
    alice: User, open_page: OpenPage, collection: Collection, recogniser: WeightVersion
) -> None:
    recognition = make_recognition(collection, recogniser)
    for place in (recognition_file(recognition.id), square_file(recognition.id), map_file(recognition.id)):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(face(0, 3))
    page = open_page(alice, f"/anime/recognise?collection={collection.id}")
    expect(page.locator("[data-recognise][data-ready]")).to_be_visible()
    page.locator("[data-answers] .recognition").evaluate("card => card.remove()")
    page.route("**/api/v1/anime/recognise", answered({"message": "Too many.", "hint": "Wait.", "code": "quota"}, 429))
    page.set_input_files("[data-recognise] input[type=file]", files(0, 1))
    card = page.locator("[data-answers] .recognition").first
    expect(card).to_contain_text("Too many.")
    page.route("**/api/v1/anime/recognise", answered({"id": str(recognition.id)}))
    card.get_by_role("button", name="Try again").click()
    expect(card.locator(".recognition-name")).to_have_text("aoi")
    expect(card.locator(".chances li")).to_have_count(4)
    card.locator("[data-see]").check()
    expect(card.locator(".seen[data-on] .seen-map")).to_have_css("mix-blend-mode", "multiply")
    card.locator("summary").click()
    card.locator("[name=name]").fill("emi")
    card.get_by_role("button", name="Save").click()
    expect(page.locator("[data-answers]")).to_contain_text("You said: emi.")
    assert Correction.objects.get().after == "emi"


def test_words_are_offered_where_the_recogniser_reads_and_sent_along(
    alice: User, open_page: OpenPage, collection: Collection, recogniser: WeightVersion
) -> None:
    reader = make_recogniser(alice, collection, name="Image and words", kind="words")
    page = open_page(alice, f"/anime/recognise?recogniser={recogniser.id}")
    expect(page.locator("[data-recognise][data-ready]")).to_be_visible()
    words = page.get_by_label("Words about the image")
    expect(words).to_be_hidden()
    page.select_option("#recogniser", str(reader.id))
    words.fill("red hair")
    sent: list[str] = []

    def refuse(route: Route) -> None:
        sent.append(route.request.post_data or "")
        answered({"message": "Too many.", "hint": "Wait.", "code": "quota"}, 429)(route)

    page.route("**/api/v1/anime/recognise", refuse)
    page.set_input_files("[data-recognise] input[type=file]", files(0, 1))
    expect(page.get_by_text("Too many.")).to_be_visible()
    assert 'name="text"' in sent[0] and "red hair" in sent[0]


@pytest.mark.parametrize("width", [1440, 390])
def test_a_character_is_added_with_what_to_expect(
    alice: User, open_page: OpenPage, collection: Collection, recogniser: WeightVersion, width: int
) -> None:
    made = Enrolment.objects.create(
        owner=alice, action="add", name="новая", collection=collection, recogniser=recogniser, weight=recogniser,
        state=WorkState.READY, images=6, report=REPORT,
    )  # fmt: skip
    page = open_page(alice, f"/anime/add?collection={collection.id}", width=width)
    expect(page.locator("[data-add][data-ready]")).to_be_visible()
    page.set_input_files("[data-add] input[type=file]", files(4, 1))
    expect(page.locator("[data-count]")).to_contain_text("nothing can be said")
    page.set_input_files("[data-add] input[type=file]", files(4, 6))
    expect(page.locator("[data-count]")).to_contain_text("1, 5")
    expect(page.locator("[data-send]")).to_be_disabled()
    page.fill("#add-name", "новая")
    page.route("**/enrol", answered({"id": str(made.id)}))
    page.locator("[data-send]").click()
    expect(page.locator(".expectation-ok")).to_contain_text("83.0 %")
    expect(page.locator(".hard-row")).to_contain_text("小花")
    expect(page.locator("#curve .main-svg").first).to_be_visible(timeout=30_000)
    assert fits(page)
    page.get_by_role("button", name="Use this one").click()
    expect(page.get_by_role("button", name="Roll back")).to_be_visible()
    collection.refresh_from_db()
    assert collection.recogniser_id == recogniser.id
