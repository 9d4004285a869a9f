"""What is wrong in a collection is noted, applied together as a new version, and taken back."""

from __future__ import annotations

import pytest

from anime.models import Character, CharacterImage, Correction
from anime.services.apply_corrections import apply_corrections
from anime.services.correct_images import add_images, leave_out, move_images
from anime.services.undo_corrections import undo
from anime.services.write_known import write_known
from anime.storage import additions_folder
from anime.tests.makers import fresh, png
from cvstudio.datasets.tests.carry_out import carry_out_all
from cvstudio.runs.models import Run
from cvstudio.runs.services.control_run import control_run
from ml_core.anime.collection.reading import read_collection
from ml_core.errors import CodedError, FormatError

API = "/api/v1/anime"
WRONG = "Akari/filed wrongly.webp"


def image(collection, path):
    return CharacterImage.objects.select_related("character").get(collection=collection, path=path)


def characters_of(collection):
    return dict(CharacterImage.objects.filter(collection=collection).values_list("path", "character__name"))


def test_moved_and_left_out_images_make_a_version_that_trains_as_corrected(collection, alice_api):
    wrong, copy = image(collection, WRONG), image(collection, "Akari/copy of 000.png")
    url = f"{API}/collections/{collection.id}/corrections"
    moved = {"do": "move", "images": [str(wrong.id)], "character": "Chiyo"}
    assert alice_api.post(url, moved).status_code == 201
    assert alice_api.post(url, {"do": "leave_out", "images": [str(copy.id)]}).status_code == 201
    assert alice_api.get(f"{API}/collections/{collection.id}").json()["waiting"] == 2
    assert characters_of(collection)[WRONG] == "Akari"
    assert alice_api.post(f"{url}/apply").status_code == 202
    carry_out_all()
    found = fresh(collection)
    assert found.dataset.current_version.number == 2
    assert found.images == collection.images - 1
    assert characters_of(found)[WRONG] == "Chiyo"
    assert image(found, WRONG).id == wrong.id
    assert {row["state"] for row in alice_api.get(url).json()["results"]} == {"applied"}
    known = read_collection(write_known(found, found.dataset.current_version))
    names = {picture.path: known.characters[picture.label] for picture in known.pictures}
    assert names[WRONG] == "Chiyo" and copy.path not in names


def test_an_image_may_be_moved_to_a_new_character(collection):
    move_images(collection, [image(collection, WRONG)], "Somebody/else")
    apply_corrections(collection)
    carry_out_all()
    assert characters_of(collection)[WRONG] == "Somebody／else"
    assert Character.objects.get(collection=collection, name="Somebody／else").images == 1


def test_undo_forgets_what_waits_and_then_goes_back_to_the_version_before(collection, alice_api):
    leave_out(collection, [image(collection, WRONG)])
    apply_corrections(collection)
    carry_out_all()
    move_images(collection, [image(collection, "Goro/000.png")], "Emi")
    url = f"{API}/collections/{collection.id}/corrections/undo"
    assert [row["path"] for row in alice_api.post(url).json()] == ["Goro/000.png"]
    assert [row["path"] for row in alice_api.post(url).json()] == [WRONG]
    found = fresh(collection)
    assert found.dataset.current_version.number == 1 and WRONG in characters_of(found)
    assert Correction.objects.get(collection=found).state == "waiting"
    undo(found)
    answer = alice_api.post(url)
    assert answer.status_code == 400 and answer.json()["code"] == "anime.nothing_to_undo"


def test_a_later_correction_of_the_same_image_replaces_the_earlier(collection):
    move_images(collection, [image(collection, WRONG)], "Emi")
    leave_out(collection, [image(collection, WRONG)])
    assert [row.action for row in collection.corrections.all()] == ["leave_out"]


def test_added_images_go_into_the_next_version_and_the_old_one_keeps_its_files(collection, alice_api):
    form = {"character": "Newcomer", "image": [upload("a.png", 0), upload("b.png", 1)]}
    url = f"{API}/collections/{collection.id}"
    assert alice_api.post(f"{url}/images", form, format="multipart").status_code == 201
    leave_out(collection, [image(collection, WRONG)])
    assert alice_api.post(f"{url}/corrections/apply").status_code == 202
    carry_out_all()
    found = fresh(collection)
    assert (found.images, found.characters) == (collection.images + 1, 9)
    assert Character.objects.get(collection=found, name="Newcomer").images == 2
    assert Character.objects.get(collection=found, name="Akari").captions
    assert found.sources["ink"] == collection.sources["ink"]
    undo(found)
    assert fresh(collection).images == collection.images


def test_a_file_that_is_no_image_is_refused_with_all_others(collection):
    with pytest.raises(FormatError) as caught:
        add_images(collection, "Newcomer", [("a.png", png()), ("notes.txt", b"just some words")])
    assert caught.value.where == "notes.txt"
    assert not collection.corrections.exists() and not any(additions_folder(collection).iterdir())


def test_corrections_wait_again_when_their_run_is_stopped(collection):
    leave_out(collection, [image(collection, WRONG)])
    version = apply_corrections(collection)
    with pytest.raises(CodedError) as caught:
        undo(collection)
    assert caught.value.code == "anime.busy"
    control_run(Run.objects.get(id=version.import_run_id), "stop")
    assert collection.corrections.get().state == "waiting"
    apply_corrections(collection)
    carry_out_all()
    assert WRONG not in characters_of(collection)


def test_a_run_that_is_resumed_applies_its_corrections_and_none_waits_to_be_applied_twice(collection):
    add_images(collection, "Newcomer", [("a.png", png())])
    version = apply_corrections(collection)
    run = Run.objects.get(id=version.import_run_id)
    control_run(run, "stop")
    assert collection.corrections.get().state == "waiting"
    control_run(Run.objects.get(id=run.id), "resume")
    carry_out_all()
    assert collection.corrections.get().state == "applied"
    assert fresh(collection).images == collection.images + 1
    with pytest.raises(CodedError) as caught:
        apply_corrections(fresh(collection))
    assert caught.value.code == "anime.nothing_waits"


def test_images_of_other_people_cannot_be_corrected(collection, alice_api, bob_api):
    body = {"do": "leave_out", "images": [str(image(collection, WRONG).id)]}
    url = f"{API}/collections/{collection.id}/corrections"
    assert bob_api.post(url, body).status_code == 404
    body["images"].append("00000000-0000-0000-0000-000000000007")
    assert alice_api.post(url, body).status_code == 404


def upload(name, seed):
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile(name, png(4, seed), "image/png")
