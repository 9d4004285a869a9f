"""Runs get what the person may see and nothing else; reports are read; drawn images are kept, marked, deleted."""

from __future__ import annotations

import pytest

from anime.models import GeneratedImage, Training
from anime.storage import generated_file
from anime.tests.model_makers import make_collection_row, make_drawn, make_generator, make_recogniser
from cvstudio.runs.models import Run
from cvstudio.weights import library
from cvstudio.weights.dependants import dependants_of, remove_dependants
from ml_core.anime.collection.listing import PLACES_FILE
from ml_core.anime.tests.drawn import NAMES

API = "/api/v1/anime"


@pytest.fixture
def collection(alice):
    return make_collection_row(alice)


@pytest.fixture
def recogniser(alice, collection):
    return make_recogniser(alice, collection)


def start(api, collection, **more):
    return api.post(f"{API}/trainings", {"collection": str(collection.id), **more})


def test_a_recogniser_is_trained_on_the_version_in_use(collection, alice_api):
    answer = start(alice_api, collection, name=" Mine ", settings={"fit": {"epochs": 3}})
    assert answer.status_code == 202, answer.content
    run = Run.objects.get(id=answer.json()["run"])
    assert (run.recipe, run.name, run.config["fit"]["epochs"]) == ("anime.classifier", "Mine", 3)
    assert run.config["known"].endswith("/anime/known-1")
    assert run.dataset_version_id == collection.synced_id
    from pathlib import Path

    assert (Path(run.config["known"]) / PLACES_FILE).is_file()


def test_a_student_gets_its_teacher_and_a_generator_its_judge_and_character(collection, recogniser, alice_api):
    named = {"recogniser": str(recogniser.id)}
    run = Run.objects.get(id=start(alice_api, collection, kind="student", **named).json()["run"])
    assert run.config["teacher"] == str(library.folder_of(recogniser))
    answer = start(alice_api, collection, kind="generator", character=NAMES[1], **named)
    run = Run.objects.get(id=answer.json()["run"])
    assert (run.config["target_class"], run.config["recogniser"]) == (NAMES[1], str(library.folder_of(recogniser)))
    assert Training.objects.get(run=run).character == NAMES[1]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"kind": "student"}, "anime.recogniser"),
        ({"kind": "generator", "character": NAMES[0]}, "anime.recogniser"),
        ({"kind": "generator", "character": "Nobody", "with": True}, "anime.unknown_character"),
        ({"settings": {"known": "/etc"}}, "anime.setting"),
        ({"settings": {"pretrained": "../secret.pth"}}, "anime.setting"),
        ({"settings": {"fit": {"epochs": -3}}}, "config.invalid"),
        ({"settings": {"nonsense": 1}}, "config.invalid"),
    ],
)
def test_what_does_not_fit_is_said(collection, recogniser, alice_api, form, code):
    if form.pop("with", False):
        form["recogniser"] = str(recogniser.id)
    answer = start(alice_api, collection, **form)
    assert answer.status_code == 400 and answer.json()["code"] == code, answer.content
    assert not Training.objects.exclude(weight=recogniser).exists()


def test_a_recogniser_with_other_classes_than_the_generator_asks_for_is_refused(collection, recogniser, alice_api):
    recogniser.classes = ["somebody", "else"]
    recogniser.save()
    named = {"recogniser": str(recogniser.id), "character": NAMES[0]}
    answer = start(alice_api, collection, kind="generator", **named)
    assert answer.status_code == 400 and answer.json()["code"] == "anime.other_classes"


def test_nobody_trains_with_the_recogniser_of_somebody_else(collection, recogniser, alice_api, bob):
    stranger = make_recogniser(bob, make_collection_row(bob))
    answer = start(alice_api, collection, kind="student", recogniser=str(stranger.id))
    assert answer.status_code == 404
    assert start(alice_api, stranger_collection(stranger)).status_code == 404


def stranger_collection(version):
    return Training.objects.get(weight=version).collection


def test_reports_and_comparisons_are_read_where_there_are_some(collection, recogniser, alice, alice_api):
    student = make_recogniser(alice, collection, "Small", kind="student", teacher=recogniser)
    assert alice_api.get(f"{API}/recognisers/{recogniser.id}/report").json()["answers"]
    compared = alice_api.get(f"{API}/compare?student={student.id}").json()
    assert {"teacher", "student", "student_alone"} <= compared.keys()
    assert alice_api.get(f"{API}/compare?student={recogniser.id}").json() == {}


def test_drawn_images_are_listed_marked_and_deleted_with_their_files(collection, alice, alice_api):
    generator = make_generator(alice, collection)
    rows = make_drawn(alice, generator, 3)
    url = f"{API}/generated"
    assert alice_api.patch(f"{url}/{rows[0].id}", {"favourite": True}).json()["favourite"] is True
    found = alice_api.get(f"{url}?favourite=true").json()["results"]
    assert [row["id"] for row in found] == [str(rows[0].id)]
    assert alice_api.get(found[0]["image"]).headers["Content-Type"] == "image/png"
    assert alice_api.delete(f"{url}/{rows[1].id}").status_code == 204
    assert not generated_file(rows[1]).exists()
    first = alice_api.get(f"{url}?page_size=1").json()
    second = alice_api.get(first["next"]).json()
    assert {first["results"][0]["id"], second["results"][0]["id"]} == {str(rows[0].id), str(rows[2].id)}


def test_a_list_of_drawn_images_costs_the_same_however_many_there_are(
    collection, alice, alice_api, django_assert_max_num_queries
):
    make_drawn(alice, make_generator(alice, collection), 12)
    with django_assert_max_num_queries(4):
        assert len(alice_api.get(f"{API}/generated").json()["results"]) == 12


@pytest.mark.parametrize(
    ("form", "where"),
    [
        ({"character": "Nobody"}, "character"),
        ({"truncation": 7}, "truncation"),
        ({"count": 1000}, "count"),
        ({"seeds": [-1]}, "seeds.0"),
        ({"between": [1]}, "between"),
    ],
)
def test_wishes_out_of_bounds_are_refused(collection, alice, alice_api, form, where):
    generator = make_generator(alice, collection)
    sent = {"generator": str(generator.id), "character": NAMES[0], **form}
    answer = alice_api.post(f"{API}/generate", sent)
    assert answer.status_code == 400 and answer.json()["where"].startswith(where.split(".")[0]), answer.content
    assert not GeneratedImage.objects.exists()


def test_a_generator_is_deleted_with_what_it_drew(collection, alice):
    generator = make_generator(alice, collection)
    rows = make_drawn(alice, generator, 2)
    assert len(dependants_of(generator)) == 2
    assert remove_dependants(generator) == 2
    assert not generated_file(rows[0]).exists() and not GeneratedImage.objects.exists()
