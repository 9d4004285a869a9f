"""Every page says what is there, why, and what next; strangers see none of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cvstudio.accounts.models import User
from cvstudio.runs.models import Run, RunState
from hsi.models import AnomalyMap, Scene, Sensor
from hsi.tests.page_makers import make_map, make_scene

pytestmark = pytest.mark.django_db
BACKEND = "cvstudio.accounts.backends.UsernameOrEmailBackend"


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client()
    client.force_login(alice, BACKEND)
    return client


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content[:400]
    return str(answer.content.decode())


def test_the_empty_grid_offers_a_sample_and_an_upload(browser: Client) -> None:
    page = text_of(browser.get("/hsi/"))
    assert reverse("hsi:sample") in page and reverse("hsi:new") in page


EMPTY = (
    "/hsi/new", "/hsi/new?way=folder", "/hsi/new?way=sample", "/hsi/sensors", "/hsi/detect", "/hsi/pipelines",
    "/hsi/pipelines/new", "/hsi/pipelines/estimate", "/hsi/compare",
)  # fmt: skip


@pytest.mark.parametrize("path", EMPTY)
def test_pages_without_anything_yet_lead_on(browser: Client, path: str) -> None:
    assert "/hsi/" in text_of(browser.get(path)) or "estimate" in path


def test_the_grid_filters_by_what_is_known(browser: Client, alice: User) -> None:
    make_scene(alice, name="With mask")
    make_scene(alice, name="Without mask", mask=False)
    page = text_of(browser.get("/hsi/?mask=no"))
    assert "Without mask" in page and "With mask" not in page
    assert "Nothing fits these filters" in text_of(browser.get("/hsi/?q=zebra"))


def test_the_page_of_a_scene_shows_it_and_its_maps(browser: Client, alice: User) -> None:
    scene = make_scene(alice)
    found = make_map(scene)
    page = text_of(browser.get(f"/hsi/scenes/{scene.id}"))
    assert "Two bands are constant." in page and f"/hsi/maps/{found.id}" in page
    assert f'"api": "/api/v1/hsi/scenes/{scene.id}"' in page


def test_a_draft_shows_its_candidates_with_evidence(browser: Client, alice: User) -> None:
    cube = {"file": "a.mat", "key": "data", "shape": [4, 5, 6], "dtype": "uint16", "axis_order": "BHW", "score": 0.9,
            "evidence": ["The last axis is longest."], "warnings": []}  # fmt: skip
    mask = cube | {"key": "map", "shape": [4, 5], "evidence": ["Two values."]}
    chosen = {"cube": {"file": "a.mat", "key": "data"}, "mask": {"file": "a.mat", "key": "map"}, "axis_order": "BHW"}
    inspection = {
        "cubes": [cube, cube | {"axis_order": "HWB", "score": 0.4}], "masks": [mask], "certain": True,
        "chosen": chosen, "findings": [], "files": [], "sizes": {"a.mat": 900},
    }  # fmt: skip
    scene = Scene.objects.create(owner=alice, name="Draft", source="upload", inspection=inspection)
    page = text_of(browser.get(f"/hsi/scenes/{scene.id}"))
    assert "The last axis is longest." in page and "Two values." in page
    assert '<option value="BHW" selected>' in page and page.count('name="cube"') == 1
    assert 'value="a.mat|map" checked' in page


def test_a_failed_import_says_why_and_offers_to_try_again(browser: Client, alice: User) -> None:
    fault = {
        "code": "hsi.x",
        "message": "The header lies about its size.",
        "hint": "Bring the whole file.",
        "where": "",
    }
    scene = Scene.objects.create(owner=alice, name="Broken", source="upload", state="failed", fault=fault)
    page = text_of(browser.get(f"/hsi/scenes/{scene.id}"))
    assert "The header lies about its size." in page and "Bring the whole file." in page
    assert reverse("hsi:action", args=[scene.id, "retry"]) in page


def test_a_map_at_work_shows_its_progress(browser: Client, alice: User) -> None:
    scene = make_scene(alice)
    run = Run.objects.create(owner=alice, name="Maps", recipe="hsi.infer", state=RunState.RUNNING)
    found = AnomalyMap.objects.create(owner=alice, scene=scene, name="Waiting", run=run, asked=["global_rx"])
    page = text_of(browser.get(f"/hsi/maps/{found.id}"))
    assert reverse("hsi:progress", args=[found.id]) in page and "Global RX" in page
    assert "data-map>" not in page


def test_the_page_of_a_map_without_a_mask_judges_nothing(browser: Client, alice: User) -> None:
    found = make_map(make_scene(alice, mask=False))
    page = text_of(browser.get(f"/hsi/maps/{found.id}"))
    assert "No mask is known for this scene" in page and "data-evaluation" not in page
    assert "data-evaluation" in text_of(browser.get(f"/hsi/maps/{make_map(make_scene(alice)).id}"))


def test_the_comparison_tabulates_methods_against_scenes(browser: Client, alice: User) -> None:
    first, second = (make_map(make_scene(alice, name=name)) for name in ("North", "South"))
    page = text_of(browser.get(f"/hsi/compare?ids={first.id},{second.id}"))
    assert "North" in page and "South" in page and page.count("best-cell") >= 2


def test_a_sensor_is_added_changed_and_deleted(browser: Client, alice: User) -> None:
    assert (
        browser.post("/hsi/sensors", {"name": "Eye", "wavelengths": "400 500, 600", "bad_bands": "0-1"}).status_code
        == 302
    )
    sensor = Sensor.objects.get(owner=alice)
    assert (sensor.wavelengths, sensor.bad_bands) == ([400.0, 500.0, 600.0], [0, 1])
    browser.post("/hsi/sensors", {"id": sensor.id, "name": "Better eye"})
    assert Sensor.objects.get(owner=alice).name == "Better eye"
    assert browser.post("/hsi/sensors", {"name": "Eye", "bad_bands": "5-2"}).status_code == 422
    browser.post("/hsi/sensors", {"id": sensor.id, "name": "Better eye", "delete": "1"})
    assert not Sensor.objects.exists()


def test_strangers_find_nothing(alice: User, bob: User) -> None:
    scene = make_scene(alice)
    found = make_map(scene)
    client = Client()
    client.force_login(bob, BACKEND)
    for path in (f"/hsi/scenes/{scene.id}", f"/hsi/maps/{found.id}"):
        assert client.get(path).status_code == 404
    assert "Harbour" not in text_of(client.get(f"/hsi/compare?ids={found.id}"))
