"""Every page of collections and characters says what is there, why, and what next; strangers see none of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from anime.models import Character, CharacterImage, Collection, Correction, Enrolment, Recognition, WorkState
from anime.presentation import finding_rows
from anime.storage import map_file
from anime.tests.model_makers import make_collection_row, make_recogniser
from cvstudio.accounts.models import User
from cvstudio.common.search import find_everywhere
from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.weights.models import WeightVersion
from ml_core.anime.tests.drawn import NAMES

pytestmark = pytest.mark.django_db
BACKEND = "cvstudio.accounts.backends.UsernameOrEmailBackend"
ONE, FIVE = {"images": 1, "told_apart": 0.5, "error": 0.2}, {"images": 5, "told_apart": 0.83, "error": 0.15}
REPORT = {
    "action": "added", "name": "новая", "used": 6, "copies": 1, "known_as": {"5.png": "aoi"},
    "rejects": [{"path": "n.txt", "reason": "It is no image.", "cure": ""}],
    "sizes": {"1": ONE, "5": FIVE, "10": None, "20": None}, "curve": [ONE, FIVE],
    "confusable": [{"name": "小花", "probability": 0.21, "taken_for": 1}],
    "known_before": 0.95, "known_after": 0.94, "characters": 5, "seconds": 1.5,
}  # fmt: skip


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client()
    client.force_login(alice, BACKEND)
    return client


@pytest.fixture
def collection(alice: User) -> Collection:
    return make_collection_row(alice)


@pytest.fixture
def recogniser(alice: User, collection: Collection) -> WeightVersion:
    return make_recogniser(alice, collection)


def character_of(collection: Collection, name: str = "aoi") -> Character:
    return Character.objects.get(collection=collection, name=name)


def make_recognition(collection: Collection, recogniser: WeightVersion, **facts: Any) -> Recognition:
    image = CharacterImage.objects.filter(collection=collection).order_by("position")[0]
    answer = {
        "top": [{"name": NAMES[place], "probability": share} for place, share in enumerate((0.8, 0.1, 0.05, 0.05))],
        "is_unknown": False, "familiarity": 0.6, "familiar_from": 0.3, "activation_of": "aoi",
        "nearest": [{"name": "aoi", "image": image.path, "similarity": 0.9}],
    }  # fmt: skip
    return Recognition.objects.create(
        owner=collection.owner, recogniser=recogniser, collection=collection, file_name="who.png", name="aoi",
        probability=0.8, answer=answer, **facts,
    )  # fmt: skip


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content[:400]
    return str(answer.content.decode())


def test_the_empty_list_offers_four_ways_in(browser: Client) -> None:
    page = text_of(browser.get("/anime/"))
    assert reverse("anime:sample") in page
    assert all(f"{reverse('anime:new')}?way={way}" in page for way in ("upload", "folder", "dataset"))


@pytest.mark.parametrize("way", ["upload", "folder", "dataset", "sample"])
def test_there_are_four_ways_to_bring_a_collection(browser: Client, way: str) -> None:
    assert 'aria-current="page"' in text_of(browser.get(f"/anime/new?way={way}"))


def test_a_folder_that_may_not_be_read_is_refused_beside_the_form(browser: Client) -> None:
    answer = browser.post("/anime/register", {"path": "/etc"})
    assert answer.status_code == 422 and b"alert-failed" in answer.content


def test_a_data_set_of_classes_is_used_as_a_collection_once(browser: Client, collection: Collection) -> None:
    dataset = collection.dataset
    collection.delete()
    assert f'value="{dataset.id}"' in text_of(browser.get("/anime/new?way=dataset"))
    made = browser.post("/anime/use", {"dataset": str(dataset.id)})
    assert made.headers["Location"] == f"/anime/collections/{Collection.objects.get().id}"
    assert f'value="{dataset.id}"' not in text_of(browser.get("/anime/new?way=dataset"))
    assert browser.post("/anime/use", {"dataset": "nothing"}).status_code == 422


def test_the_list_finds_collections_by_name(browser: Client, collection: Collection) -> None:
    assert collection.name in text_of(browser.get("/anime/?q=four"))
    assert collection.name not in text_of(browser.get("/anime/?q=nobody"))


def test_the_page_of_a_collection_shows_every_character_with_examples(browser: Client, collection: Collection) -> None:
    page = text_of(browser.get(f"/anime/collections/{collection.id}"))
    for character in Character.objects.filter(collection=collection):
        assert reverse("anime:character", args=[character.id]) in page and character.name in page
        first = character.image_rows.order_by("position")[0]
        assert reverse("api-datasets-thumbnail", args=[collection.dataset_id, first.image_id]) in page
    other = character_of(collection)
    assert reverse("anime:character", args=[other.id]) not in text_of(
        browser.get(f"/anime/collections/{collection.id}?q=mori")
    )


def test_the_page_costs_as_much_for_many_characters(
    browser: Client, collection: Collection, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(25):
        browser.get(f"/anime/collections/{collection.id}")


def test_findings_lead_to_their_images(browser: Client, collection: Collection) -> None:
    rows = list(CharacterImage.objects.filter(collection=collection).order_by("position")[:3])
    for row, flags in zip(rows, ("two_names near_copy", "near_copy", "copy"), strict=True):
        CharacterImage.objects.filter(id=row.id).update(flags=flags, likely="emi")
    found = finding_rows(CharacterImage.objects.filter(collection=collection), "/x")
    assert [(row["key"], row["count"]) for row in found] == [("two_names", 1), ("copy", 1), ("near_copy", 2)]
    page = text_of(browser.get(f"/anime/collections/{collection.id}"))
    assert f"/anime/collections/{collection.id}/images?flag=two_names" in page
    shown = text_of(browser.get(f"/anime/collections/{collection.id}/images?flag=two_names"))
    assert shown.count('class="shot"') == 1 and rows[0].path in shown and "likely emi" in shown


def test_files_that_the_import_could_not_use_are_listed_with_reason_and_cure(
    browser: Client, collection: Collection
) -> None:
    version = collection.dataset.current_version
    assert version is not None
    version.counts, version.warnings = {**version.counts, "rejected": 1}, ["emi has one image."]
    version.save()
    path = Path(version.folder) / "rejects.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("path,reason,cure\naoi/note.jpg,It is no image.,Remove it.\n")
    page = text_of(browser.get(f"/anime/collections/{collection.id}"))
    assert "aoi/note.jpg" in page and "Remove it." in page and "emi has one image." in page
    assert reverse("api-datasets-rejects", args=[collection.dataset_id, 1]) in page


def test_a_failed_import_says_why_and_offers_another_try(browser: Client, alice: User) -> None:
    dataset = Dataset.objects.create(owner=alice, name="broken", source="upload")
    fault = {"code": "x", "message": "The archive is empty.", "hint": "Pack the folders."}
    DatasetVersion.objects.create(dataset=dataset, number=1, state=DatasetVersion.State.FAILED, fault=fault)
    made = Collection.objects.create(owner=alice, dataset=dataset)
    page = text_of(browser.get(f"/anime/collections/{made.id}"))
    assert "The archive is empty." in page and f"/anime/collections/{made.id}/do/retry" in page
    assert "The archive is empty." in text_of(browser.get("/anime/"))


def test_a_character_has_a_gallery_and_neighbours(browser: Client, collection: Collection) -> None:
    page = text_of(browser.get(reverse("anime:character", args=[character_of(collection, "chika mori").id])))
    assert page.count('class="shot"') == 6
    assert 'rel="prev"' in page and 'rel="next"' in page
    found = re.search(r'id="viewer-data" type="application/json">(.*?)</script>', page)
    assert found and {row["class"] for row in json.loads(found[1])} == {"chika mori"}


def test_texts_of_a_character_are_kept_one_a_line(browser: Client, collection: Collection) -> None:
    character = character_of(collection)
    post = {"captions": "red hair\n\n  green eyes ", "partial": "somebody", "notes": "ask Aki"}
    assert browser.post(reverse("anime:character-describe", args=[character.id]), post).status_code == 302
    character.refresh_from_db()
    assert (character.captions, character.partial, character.notes) == (
        ["red hair", "green eyes"], ["somebody"], "ask Aki",
    )  # fmt: skip
    assert "green eyes" in text_of(browser.get(reverse("anime:character", args=[character.id])))


def test_changes_wait_where_one_sees_them(browser: Client, collection: Collection) -> None:
    image = character_of(collection).image_rows.order_by("position")[0]
    Correction.objects.create(collection=collection, action="move", path=image.path, before="aoi", after="emi")
    page = text_of(browser.get(reverse("anime:character", args=[character_of(collection).id])))
    assert "moved to emi" in page and 'data-waiting="1"' in page
    assert 'data-waiting="1"' in text_of(browser.get(f"/anime/collections/{collection.id}/waiting"))
    changes = text_of(browser.get(f"/anime/collections/{collection.id}/changes"))
    assert image.path in changes and "Take the last one back" in changes
    browser.post(f"/anime/collections/{collection.id}/do/undo")
    assert not Correction.objects.exists()


def test_nothing_to_undo_is_said(browser: Client, collection: Collection) -> None:
    answer = browser.post(f"/anime/collections/{collection.id}/do/undo", follow=True)
    assert "There is no correction to take back." in text_of(answer)


def test_a_collection_is_renamed_and_deleted(browser: Client, collection: Collection) -> None:
    browser.post(f"/anime/collections/{collection.id}/do/change", {"name": "Five", "description": "Friends"})
    assert "Five" in text_of(browser.get("/anime/"))
    browser.post(f"/anime/collections/{collection.id}/do/delete", {"confirm": "Five"})
    assert not Collection.objects.exists()


def test_without_a_recogniser_the_page_leads_to_training(browser: Client) -> None:
    for address in ("/anime/recognise", "/anime/add"):
        assert reverse("anime:train") in text_of(browser.get(address))


def test_a_recognition_shows_bars_neighbours_and_where_it_looked(
    browser: Client, collection: Collection, recogniser: WeightVersion
) -> None:
    recognition = make_recognition(collection, recogniser)
    map_file(recognition.id).parent.mkdir(parents=True, exist_ok=True)
    map_file(recognition.id).write_bytes(b"png")
    page = text_of(browser.get(f"/anime/recognitions/{recognition.id}"))
    assert "80.0 %" in page and f"/api/v1/anime/recognitions/{recognition.id}/map" in page
    assert reverse("anime:character", args=[character_of(collection).id]) in page
    card = text_of(browser.get(f"/anime/recognitions/{recognition.id}?card"))
    assert card.lstrip().startswith("<article") and "<html" not in card
    assert "who.png" in text_of(browser.get("/anime/recognitions"))
    assert "who.png" in text_of(browser.get("/anime/recognise"))


def test_unknown_is_said_before_the_likeliest(
    browser: Client, collection: Collection, recogniser: WeightVersion
) -> None:
    make_recognition(collection, recogniser, is_unknown=True)
    page = text_of(browser.get("/anime/recognitions?show=unknown"))
    assert "unknown" in page and "like none of the known characters" in page
    assert "who.png" not in text_of(browser.get("/anime/recognitions?show=corrected"))


def test_an_enrolment_says_how_well_and_from_whom(
    browser: Client, alice: User, collection: Collection, recogniser: WeightVersion
) -> None:
    enrolment = Enrolment.objects.create(
        owner=alice, action="add", name="новая", collection=collection, recogniser=recogniser, weight=recogniser,
        state=WorkState.READY, images=6, report=REPORT,
    )  # fmt: skip
    page = text_of(browser.get(f"/anime/enrolments/{enrolment.id}"))
    assert "83.0 %" in page and "more images are needed to say" in page
    assert "小花" in page and "21.0 %" in page and "is known already, as aoi" in page
    assert "новая" in text_of(browser.get("/anime/add"))
    assert browser.post(f"/anime/enrolments/{enrolment.id}/do/use").status_code == 302
    collection.refresh_from_db()
    assert collection.recogniser_id == recogniser.id


def test_a_failed_enrolment_says_why(browser: Client, alice: User, recogniser: WeightVersion) -> None:
    fault = {"code": "anime.no_images", "message": "None of the images can be used.", "hint": "Give others."}
    enrolment = Enrolment.objects.create(
        owner=alice, action="add", name="x", recogniser=recogniser, state=WorkState.FAILED, fault=fault
    )
    assert "None of the images can be used." in text_of(browser.get(f"/anime/enrolments/{enrolment.id}"))


def test_a_character_that_the_recogniser_does_not_know_is_taught_by_its_images(
    browser: Client, collection: Collection, recogniser: WeightVersion
) -> None:
    Collection.objects.filter(id=collection.id).update(recogniser=recogniser)
    character = character_of(collection)
    address = reverse("anime:character-teach", args=[character.id])
    assert address not in text_of(browser.get(reverse("anime:character", args=[character.id])))
    assert browser.post(address).status_code == 404
    Character.objects.filter(id=character.id).update(name="mei")
    assert address in text_of(browser.get(reverse("anime:character", args=[character.id])))
    assert browser.post(address).status_code == 302
    made = Enrolment.objects.get()
    assert (made.name, made.images, made.recogniser_id) == ("mei", 6, recogniser.id)
    assert made.run is not None and made.run.recipe == "anime.enrol"


def test_the_search_finds_collections_and_characters(alice: User, bob: User, collection: Collection) -> None:
    def titles(user: User, text: str) -> set[str]:
        return {hit.title for _source, hits in find_everywhere(user, text) for hit in hits}

    assert {"Four friends"} <= titles(alice, "four") and {"小花"} <= titles(alice, "小花")
    assert not titles(bob, "小花")


def test_strangers_see_nothing(bob: User, collection: Collection, recogniser: WeightVersion) -> None:
    client = Client()
    client.force_login(bob, BACKEND)
    recognition = make_recognition(collection, recogniser)
    assert collection.name not in text_of(client.get("/anime/"))
    for address in (
        f"/anime/collections/{collection.id}", f"/anime/collections/{collection.id}/images",
        f"/anime/characters/{character_of(collection).id}", f"/anime/recognitions/{recognition.id}",
    ):  # fmt: skip
        assert client.get(address).status_code == 404
