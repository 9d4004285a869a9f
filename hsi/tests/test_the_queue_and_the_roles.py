"""Owner, stranger, administrator and nobody at the whole way of a scene; and what happens when too much waits."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import client_of
from cvstudio.datasets.tests.carry_out import carry_out_all
from cvstudio.runs.models import Run
from hsi.errors import BusyError
from hsi.models import AnomalyMap, Scene
from hsi.services.confirm_scene import confirm_scene
from hsi.tests.makers import make_scene, npz_file

URL = "/api/v1/hsi"
pytestmark = pytest.mark.django_db


def test_each_role_gets_what_it_should_on_the_way(alice: Any, alice_api: Any, bob_api: Any, admin_api: Any) -> None:
    draft = alice_api.post(f"{URL}/scenes", {"file": [npz_file()]}, format="multipart").json()["id"]
    for api, expected in ((client_of(None), 401), (bob_api, 404), (admin_api, 202)):
        shown = 200 if expected == 202 else expected
        assert api.get(f"{URL}/scenes/{draft}/inspection/preview").status_code == shown
        assert api.post(f"{URL}/scenes/{draft}/confirm", {}).status_code == expected
    scene = Scene.objects.get(id=draft)
    assert scene.owner == alice and scene.import_run is not None and scene.import_run.owner == alice


def test_detections_on_many_scenes_are_all_started_or_none(alice: Any, alice_api: Any, settings: Any) -> None:
    scenes = [str(make_scene(alice, f"S{number}", seed=number).id) for number in range(3)]
    body = {"scenes": [*scenes, "00000000-0000-0000-0000-000000000007"], "methods": ["global_rx"]}
    assert alice_api.post(f"{URL}/detections", body).status_code == 404
    settings.RUN_MAX_QUEUED_PER_USER = 2
    answer = alice_api.post(f"{URL}/detections", {"scenes": scenes, "methods": ["global_rx"]})
    assert (answer.status_code, answer.json()["code"]) == (429, "run.quota")
    assert not AnomalyMap.objects.exists()
    settings.RUN_MAX_QUEUED_PER_USER = 3
    answer = alice_api.post(f"{URL}/detections", {"scenes": scenes, "methods": ["global_rx"]})
    assert sorted(row["scene"] for row in answer.json()) == sorted(scenes)


def test_an_import_that_finds_the_queue_full_leaves_the_draft(alice_api: Any, settings: Any) -> None:
    draft = alice_api.post(f"{URL}/scenes", {"file": [npz_file()]}, format="multipart").json()["id"]
    settings.RUN_MAX_QUEUED_PER_USER = 0
    assert alice_api.post(f"{URL}/scenes/{draft}/confirm", {}).status_code == 429
    assert alice_api.get(f"{URL}/scenes/{draft}").json()["state"] == "inspected"
    assert alice_api.post(f"{URL}/scenes", {"source": "sample"}).status_code == 429
    assert Scene.objects.count() == 1


def test_of_two_confirmations_at_once_one_begins_the_import(alice_api: Any) -> None:
    draft = alice_api.post(f"{URL}/scenes", {"file": [npz_file()]}, format="multipart").json()["id"]
    first, second = Scene.objects.get(id=draft), Scene.objects.get(id=draft)
    confirm_scene(first)
    with pytest.raises(BusyError):
        confirm_scene(second)
    assert Run.objects.count() == 1
    assert Scene.objects.get(id=draft).import_run == first.import_run


def test_what_an_import_will_say_is_not_changed_while_it_is_at_work(alice_api: Any) -> None:
    draft = alice_api.post(f"{URL}/scenes", {"file": [npz_file()]}, format="multipart").json()["id"]
    alice_api.post(f"{URL}/scenes/{draft}/confirm", {})
    answer = alice_api.patch(f"{URL}/scenes/{draft}", {"bad_bands": [1]})
    assert (answer.status_code, answer.json()["code"]) == (409, "hsi.busy")
    assert alice_api.patch(f"{URL}/scenes/{draft}", {"description": "At noon"}).status_code == 200
    carry_out_all()
    assert alice_api.patch(f"{URL}/scenes/{draft}", {"bad_bands": [1]}).json()["bad_bands"] == [1]
