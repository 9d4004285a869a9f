"""Sensors: named once, numbered, lent to scenes. And the admin: pictures, and actions that leave no files behind."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from cvstudio.common.search import find_everywhere
from cvstudio.runs.models import Run, RunState
from hsi.models import AnomalyMap, Pipeline, Scene, Sensor
from hsi.storage import map_folder, scene_folder
from hsi.tests.makers import BANDS, make_map, make_scene

URL = "/api/v1/hsi/sensors"
pytestmark = pytest.mark.django_db


def test_sensors_are_numbered_in_turn(alice_api: Any, bob_api: Any) -> None:
    made = [alice_api.post(URL, {"name": f"Camera {n}"}).json()["domain_id"] for n in range(3)]
    assert made == [0, 1, 2]
    assert bob_api.post(URL, {"name": "Camera 0"}).json()["domain_id"] == 0
    assert alice_api.post(URL, {"name": "Own number", "domain_id": 9}).json()["domain_id"] == 9


@pytest.mark.parametrize(
    "facts",
    [
        {"name": " "}, {"name": "A", "bands": 3, "wavelengths": [1.0]}, {"name": "A", "wavelengths": [-1.0]},
        {"name": "A", "bands": 3, "bad_bands": [3]}, {"name": "A", "bands": 2, "bad_bands": [0, 1]}, {"bands": 3},
        {"name": "Taken"}, {"name": "A", "fwhm": [5.0], "bands": 2},
    ],
)  # fmt: skip
def test_facts_that_make_no_sense_are_refused(alice: Any, alice_api: Any, facts: dict[str, Any]) -> None:
    Sensor.objects.create(owner=alice, name="Taken")
    answer = alice_api.post(URL, facts)
    assert answer.status_code == 400 and answer.json()["where"]
    assert Sensor.objects.count() == 1


def test_a_scene_takes_what_its_sensor_knows(alice_api: Any) -> None:
    from cvstudio.datasets.tests.carry_out import carry_out_all
    from hsi.tests.makers import npz_file

    wavelengths = [500.0 + 5 * band for band in range(BANDS)]
    facts = {"name": "Known", "bands": BANDS, "wavelengths": wavelengths, "bad_bands": [2], "domain_id": 7}
    sensor = alice_api.post(URL, facts).json()["id"]
    scene = alice_api.post("/api/v1/hsi/scenes", {"file": [npz_file()]}, format="multipart").json()["id"]
    alice_api.post(f"/api/v1/hsi/scenes/{scene}/confirm", {"sensor": sensor})
    carry_out_all()
    body = alice_api.get(f"/api/v1/hsi/scenes/{scene}").json()
    assert (body["wavelengths"], body["bad_bands"], body["domain_id"]) == (wavelengths, [2], 7)
    assert body["sensor_name"] == "Known" and alice_api.get(f"{URL}/{sensor}").json()["scene_count"] == 1
    alice_api.delete(f"{URL}/{sensor}")
    body = alice_api.get(f"/api/v1/hsi/scenes/{scene}").json()
    assert (body["sensor"], body["wavelengths"]) == (None, wavelengths)


def test_a_stranger_cannot_lend_a_sensor(alice_api: Any, bob: Any, alice: Any) -> None:
    scene, foreign = make_scene(alice), Sensor.objects.create(owner=bob, name="Bob's")
    answer = alice_api.patch(f"/api/v1/hsi/scenes/{scene.id}", {"sensor": str(foreign.id)})
    assert answer.status_code == 404


def test_scenes_and_maps_are_found_from_the_top_bar(alice: Any, bob: Any) -> None:
    make_map(make_scene(alice))
    found = {source.key: [hit.title for hit in hits] for source, hits in find_everywhere(alice, "harbour")}
    assert found["hsi-scenes"] == ["Harbour"] and "Harbour" in found["hsi-maps"][0]
    assert not [source for source, _ in find_everywhere(bob, "harbour") if source.key.startswith("hsi")]


def test_the_admin_shows_pictures_and_deletes_with_files(client: Any, admin_user: Any, alice: Any) -> None:
    client.force_login(admin_user)
    found = make_map(make_scene(alice))
    page = client.get(reverse("admin:hsi_anomalymap_changelist")).content.decode()
    assert f"/api/v1/hsi/maps/{found.id}/image" in page and "1.000 / 1.000" in page
    for model, row in (("anomalymap", found), ("scene", found.scene)):
        assert client.get(reverse(f"admin:hsi_{model}_change", args=[row.pk])).status_code == 200
        client.post(
            reverse(f"admin:hsi_{model}_changelist"), {"action": "delete_with_files", "_selected_action": [row.pk]}
        )
    assert not AnomalyMap.objects.exists() and not Scene.objects.exists()
    assert not map_folder(found).exists() and not scene_folder(found.scene).exists()


def test_the_admin_says_what_it_may_not_delete(client: Any, admin_user: Any, alice: Any) -> None:
    client.force_login(admin_user)
    found = make_map(make_scene(alice))
    Run.objects.filter(id=found.run_id).update(state=RunState.RUNNING)
    data = {"action": "delete_with_files", "_selected_action": [found.pk]}
    page = client.post(reverse("admin:hsi_anomalymap_changelist"), data, follow=True).content.decode()
    assert "The detection is at work." in page and AnomalyMap.objects.exists()


def test_the_admin_stops_and_forgets_chains(client: Any, admin_user: Any, alice: Any) -> None:
    client.force_login(admin_user)
    run = Run.objects.create(owner=alice, name="x", recipe="hsi.tokenizer", state=RunState.QUEUED)
    chain = Pipeline.objects.create(owner=alice, name="Chain", preset="cpu", tokenizer_run=run)
    address = reverse("admin:hsi_pipeline_changelist")
    assert "running" in client.get(address).content.decode()
    assert client.get(reverse("admin:hsi_pipeline_change", args=[chain.pk])).status_code == 200
    client.post(address, {"action": "stop", "_selected_action": [chain.pk]})
    run.refresh_from_db()
    assert run.state == RunState.STOPPED
    client.post(address, {"action": "forget", "_selected_action": [chain.pk]})
    assert not Pipeline.objects.exists() and Run.objects.filter(id=run.id).exists()
