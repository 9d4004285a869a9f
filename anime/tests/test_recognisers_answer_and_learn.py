"""Images are recognised by a real infer server, answers are corrected, and characters are added and taken away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from anime.models import CharacterImage, Correction, Enrolment, Recognition
from anime.services.delete_collection import delete_collection
from anime.services.index_collection import index_of
from anime.storage import enrolment_folder, files_of
from anime.tests.makers import fresh, make_real_recogniser, png
from cvstudio.datasets.tests.carry_out import carry_out_all
from cvstudio.inference.limits import limits
from cvstudio.inference.serving import client
from cvstudio.inference.serving.loaded_model import Engine
from cvstudio.inference.serving.server import InferenceServer
from cvstudio.inference.worker import load_model
from cvstudio.weights.models import WeightVersion

API = "/api/v1/anime"
pytestmark = pytest.mark.slow  # a recogniser is fitted, and an infer server started


@pytest.fixture
def worker(redis_url: str, settings: Any) -> Iterator[None]:
    """A real infer server in this process."""
    settings.REDIS_CLIENT_URL = redis_url
    client.forget_connection()
    engine = Engine("cpu", 1, max_batch=4, lanes=1, cache_bytes=1 << 30)
    server = InferenceServer(redis_url, lambda header: load_model(header, engine), limits(), engine,
                             on_evict=lambda: None)  # fmt: skip
    server.start()
    assert server.wait_until_ready(10)
    yield
    server.close()
    client.forget_connection()


@pytest.fixture
def recogniser(alice, collection) -> WeightVersion:
    return make_real_recogniser(alice, collection)


def file_of(image: CharacterImage) -> SimpleUploadedFile:
    path = f"{image.image.version.root}/{image.path}"
    with open(path, "rb") as stream:
        return SimpleUploadedFile("somebody.png", stream.read(), "image/png")


def some_image(collection, name: str) -> CharacterImage:
    rows = CharacterImage.objects.filter(collection=collection, character__name=name)
    return rows.select_related("image__version", "character").order_by("position")[0]


def ask(api, recogniser, upload, **more: Any) -> Any:
    return api.post(f"{API}/recognise", {"recogniser": str(recogniser.id), "image": upload, **more}, format="multipart")


def test_the_first_recogniser_of_a_collection_comes_into_use(collection, recogniser):
    assert fresh(collection).recogniser_id == recogniser.id


def test_an_image_is_recognised_corrected_and_becomes_a_training_image(collection, recogniser, alice_api, worker):
    image = some_image(collection, "Goro")
    answer = ask(alice_api, recogniser, file_of(image), collection=str(collection.id))
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["name"], body["width"]) == ("Goro", 192)
    assert body["answer"]["nearest"][0]["image"] == image.path
    for part in ("image", "square"):
        assert alice_api.get(body[part]).status_code == 200
    corrected = alice_api.post(
        f"{API}/recognitions/{body['id']}/correct", {"collection": str(collection.id), "character": "Goro's twin"}
    )
    assert corrected.json()["correction"] == "Goro's twin"
    assert alice_api.post(f"{API}/collections/{collection.id}/corrections/apply").status_code == 202
    carry_out_all()
    found = fresh(collection)
    assert found.images == collection.images + 1
    assert CharacterImage.objects.filter(collection=found, character__name="Goro's twin").count() == 1
    assert Correction.objects.get(recognition=body["id"]).state == "applied"


def test_a_recogniser_of_image_and_words_answers_with_and_without_words(
    collection, recogniser, alice, alice_api, worker, client
):
    reader = make_real_recogniser(alice, collection, "Image and words", reads=True)
    image = some_image(collection, "Goro")
    sees = ask(alice_api, recogniser, file_of(image)).json()["answer"]
    alone = ask(alice_api, reader, file_of(image)).json()
    assert alone["answer"]["top"] == sees["top"] and alone["answer"]["nearest"] == sees["nearest"]
    told = ask(alice_api, reader, file_of(image), text=" red hair ").json()
    answer = told["answer"]
    assert answer["words"] == "red hair" and answer["image"] == sees["top"] and 0 < answer["trust"] < 1
    assert answer["top"] != sees["top"]
    refused = ask(alice_api, recogniser, file_of(image), text="red hair")
    assert (refused.status_code, refused.json()["code"]) == (400, "anime.reads_no_words")
    assert refused.json()["where"] == "text"
    client.force_login(alice)
    assert "red hair" in client.get(f"/anime/recognitions/{told['id']}").content.decode()
    assert "the words alone" not in client.get(f"/anime/recognitions/{alone['id']}").content.decode()
    page = client.get("/anime/recognise").content.decode()
    assert f'value="{reader.id}" data-reads' in page and f'value="{recogniser.id}" data-reads' not in page


def test_a_character_is_added_to_a_recogniser_that_reads(collection, alice, alice_api):
    reader = make_real_recogniser(alice, collection, "Image and words", reads=True)
    images = [SimpleUploadedFile(f"{n}.png", png(3, n, 96), "image/png") for n in range(4)]
    form = {"name": "Newcomer", "image": images}
    answer = alice_api.post(f"{API}/recognisers/{reader.id}/enrol", form, format="multipart")
    assert answer.status_code == 202, answer.content
    carry_out_all()
    body = alice_api.get(f"{API}/enrolments/{answer.json()['id']}").json()
    assert body["state"] == "ready", body["fault"]
    after = WeightVersion.objects.select_related("weight").get(id=body["weight"])
    assert (after.weight_id, after.weight.task) == (reader.weight_id, "anime.fusion")
    assert set(after.classes) == {*reader.classes, "Newcomer"}


def test_images_are_searched_by_an_image_with_and_without_an_index(collection, recogniser, alice_api, worker):
    image = some_image(collection, "Fuyu")
    form = {"collection": str(collection.id), "limit": 15}

    def found() -> list[dict[str, Any]]:
        answer = alice_api.post(f"{API}/search", {**form, "image": file_of(image)}, format="multipart")
        assert answer.status_code == 200, answer.content
        return answer.json()

    assert index_of(fresh(collection)) is None
    few = found()
    carry_out_all()
    index = index_of(fresh(collection))
    assert index is not None
    many = found()
    assert few[0]["image"]["path"] == many[0]["image"]["path"] == image.path
    assert len(few) < len(many) == 15
    similarities = [one["similarity"] for one in many]
    assert similarities == sorted(similarities, reverse=True)
    delete_collection(fresh(collection), collection.owner, keep_data=True)
    assert not (Path(settings.WEIGHTS_DIR) / index.folder).exists()


def test_images_are_searched_by_words_about_their_characters(collection, alice_api):
    words = {"collection": str(collection.id), "words": "cat ears", "limit": 2}
    found = alice_api.post(f"{API}/search", words).json()
    assert {row["character"] for row in found} == {"Fuyu"} and "cat" in found[0]["because"]
    answer = alice_api.post(f"{API}/search", {"collection": str(collection.id), "words": "  "})
    assert answer.status_code == 400 and answer.json()["where"] == "words"


def test_what_is_no_image_is_refused_and_leaves_nothing(collection, recogniser, alice_api, worker):
    answer = ask(alice_api, recogniser, SimpleUploadedFile("notes.txt", b"just some words"))
    assert answer.status_code == 400, answer.content
    assert set(answer.json()) >= {"code", "message", "hint", "where"}
    assert not Recognition.objects.exists()


def test_a_forgotten_recognition_takes_its_files_along(collection, recogniser, alice_api, bob_api, worker):
    made = ask(alice_api, recogniser, file_of(some_image(collection, "Emi"))).json()
    row = Recognition.objects.get(id=made["id"])
    assert bob_api.delete(f"{API}/recognitions/{row.id}").status_code == 404
    assert alice_api.delete(f"{API}/recognitions/{row.id}").status_code == 204
    assert not any(path.exists() for path in files_of(row))


def test_a_character_is_added_used_taken_away_and_an_earlier_version_used_again(collection, recogniser, alice_api):
    images = [SimpleUploadedFile(f"{n}.png", png(3, n, 96), "image/png") for n in range(4)]
    url = f"{API}/recognisers/{recogniser.id}"
    answer = alice_api.post(f"{url}/enrol", {"name": "A/B", "image": images}, format="multipart")
    assert answer.status_code == 202, answer.content
    carry_out_all()
    body = alice_api.get(f"{API}/enrolments/{answer.json()['id']}").json()
    assert body["state"] == "ready", body["fault"]
    assert body["name"] == "A／B" and body["report"]["used"] == 4
    after = WeightVersion.objects.select_related("weight").get(id=body["weight"])
    assert (after.weight_id, after.number, after.parent_id) == (recogniser.weight_id, 2, recogniser.id)
    assert set(after.classes) == {*recogniser.classes, "A／B"}
    assert fresh(collection).recogniser_id == after.id
    assert not enrolment_folder(Enrolment.objects.get(id=body["id"])).exists()

    removed = alice_api.post(f"{API}/recognisers/{after.id}/remove", {"name": "A／B"}).json()
    carry_out_all()
    last = WeightVersion.objects.get(id=alice_api.get(f"{API}/enrolments/{removed['id']}").json()["weight"])
    assert last.number == 3 and set(last.classes) == set(recogniser.classes)
    used = alice_api.post(f"{API}/recognisers/{after.id}/use", {"collection": str(collection.id)})
    assert used.json()["recogniser"] == str(after.id)


def test_who_is_not_known_cannot_be_forgotten(recogniser, alice_api):
    answer = alice_api.post(f"{API}/recognisers/{recogniser.id}/remove", {"name": "Nobody"})
    assert answer.status_code == 400 and answer.json()["code"] == "anime.unknown_character"


def test_a_text_file_among_the_images_of_a_new_character_is_named(recogniser, alice_api):
    images = [SimpleUploadedFile("a.png", png()), SimpleUploadedFile("notes.txt", b"just some words")]
    url = f"{API}/recognisers/{recogniser.id}/enrol"
    answer = alice_api.post(url, {"name": "X", "image": images}, format="multipart")
    assert answer.status_code == 400 and answer.json()["where"] == "notes.txt"
    assert not Enrolment.objects.exists()
