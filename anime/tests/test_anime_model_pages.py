"""Pages of models: each says what is there, why, and what next; strangers see none of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from anime.models import Collection, GeneratedImage, Training
from anime.tests.model_makers import make_collection_row, make_drawn, make_generator, make_recogniser
from cvstudio.accounts.models import User
from cvstudio.weights.models import WeightVersion

pytestmark = pytest.mark.django_db
BACKEND = "cvstudio.accounts.backends.UsernameOrEmailBackend"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, BACKEND)
    return client


@pytest.fixture
def browser(alice: User) -> Client:
    return signed_in(alice)


@pytest.fixture
def collection(alice: User) -> Collection:
    return make_collection_row(alice)


@pytest.fixture
def recogniser(alice: User, collection: Collection) -> WeightVersion:
    return make_recogniser(alice, collection)


@pytest.fixture
def generator(alice: User, collection: Collection, recogniser: WeightVersion) -> WeightVersion:
    return make_generator(alice, collection, recogniser)


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content[:600]
    return str(answer.content.decode())


@pytest.mark.parametrize("name", ["train", "recognisers", "compare", "generators", "generate", "search", "trainings"])
def test_pages_without_anything_yet_lead_on(browser: Client, name: str) -> None:
    page = text_of(browser.get(reverse(f"anime:{name}")))
    assert name == "trainings" or "button-main" in page


def test_the_wizard_says_what_there_is_to_learn_from_and_how_long_it_takes(
    browser: Client, collection: Collection
) -> None:
    page = text_of(browser.get("/anime/train"))
    assert "24 images" in page and 'name="settings.image_size"' in page and 'name="settings.known"' not in page
    assert "Fewer than 12 images: aoi, 小花" in page
    quick = text_of(browser.get(f"/anime/train/estimate?collection={collection.id}&preset=quick"))
    assert "About how long" in quick


def test_a_student_needs_a_teacher(browser: Client, collection: Collection) -> None:
    assert "Train a recogniser first." in text_of(browser.get("/anime/train?kind=student"))


def test_what_is_wrong_stands_beside_its_field(browser: Client, collection: Collection) -> None:
    sent = {"collection": str(collection.id), "kind": "recogniser", "preset": "cpu", "settings.image_size": "9"}
    answer = browser.post("/anime/train", sent)
    assert answer.status_code == 422 and b"aria-invalid" in answer.content
    assert not Training.objects.exists()


def test_the_page_of_a_recogniser_shows_scores_by_source_and_character(
    browser: Client, recogniser: WeightVersion
) -> None:
    page = text_of(browser.get(f"/anime/recognisers/{recogniser.id}"))
    for told in ("Lowest source", "By source", "By character", "Confusion", "Calibration", "Worst cases", "小花"):
        assert told in page
    assert "activation?image=" in page and page.count("looked-kept") == 1 and "data-run-curves" in page


def test_a_cell_of_the_confusion_matrix_leads_to_its_images(browser: Client, recogniser: WeightVersion) -> None:
    page = text_of(browser.get(f"/anime/recognisers/{recogniser.id}/images?character=aoi&answer=aoi"))
    assert page.count('class="image-card"') >= 1 and "/thumbnail" in page


def test_a_comparison_says_in_words_what_the_teacher_was_worth(
    alice: User, browser: Client, collection: Collection, recogniser: WeightVersion
) -> None:
    student = make_recogniser(alice, collection, "Small", kind="student", teacher=recogniser)
    page = text_of(browser.get(f"/anime/compare?student={student.id}"))
    assert "5.0 times as fast" in page and "Student alone" in page and "30.0 ms" in page
    assert "its network by itself reaches 62.5 %" in page and "no network it reaches 75.0 %" in page


def test_the_page_of_a_generator_shows_its_samples_over_the_epochs(browser: Client, generator: WeightVersion) -> None:
    page = text_of(browser.get(f"/anime/generators/{generator.id}"))
    assert "data-timeline" in page and "data-run-curves" in page
    training = Training.objects.get(weight=generator)
    found = browser.get(f"/anime/trainings/{training.id}/samples").json()
    assert [one["epoch"] for one in found["samples"]] == [1, 2, 3] and not found["live"]


def test_drawn_images_are_kept_as_favourites_and_deleted(
    alice: User, browser: Client, generator: WeightVersion
) -> None:
    first, second, _third = make_drawn(alice, generator)
    page = text_of(browser.get("/anime/generate"))
    assert page.count('class="drawn-card"') == 3 and "not recognised" in page
    assert 'aria-pressed="true"' in text_of(browser.post(f"/anime/generated/{first.id}/do/favourite"))
    assert text_of(browser.get("/anime/generated?favourites=1")).count('class="drawn-card"') == 1
    assert browser.post(f"/anime/generated/{second.id}/do/delete").status_code == 200
    assert GeneratedImage.objects.count() == 2


def test_words_find_characters_by_name_and_caption(browser: Client, collection: Collection) -> None:
    assert "/thumbnail" in text_of(browser.get("/anime/search?q=aoi"))
    assert "Nothing found" in text_of(browser.get("/anime/search?q=zeppelin"))


def test_strangers_see_nothing(bob: User, recogniser: WeightVersion, generator: WeightVersion) -> None:
    stranger = signed_in(bob)
    training = Training.objects.get(weight=generator)
    for address in (f"recognisers/{recogniser.id}", f"generators/{generator.id}", f"trainings/{training.id}/samples"):
        assert stranger.get(f"/anime/{address}").status_code == 404
    assert str(recogniser.id) not in text_of(stranger.get("/anime/recognisers"))
