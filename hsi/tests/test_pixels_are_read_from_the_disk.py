"""What is in a scene: pictures with tags, bands, spectra and statistics, each read from the mapped file."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hsi.models import Scene
from hsi.services import open_scene as opening
from hsi.tests.makers import BANDS, HEIGHT, TARGET, WIDTH, cube, make_scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(alice: Any) -> Scene:
    return make_scene(alice)


def url(scene: Scene, rest: str) -> str:
    return f"/api/v1/hsi/scenes/{scene.id}/{rest}"


def picture(answer: Any) -> Image.Image:
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "image/png" and answer["X-Content-Type-Options"] == "nosniff"
    return Image.open(io.BytesIO(answer.content))


def test_pictures_show_the_chosen_bands_and_are_sent_once(scene: Scene, alice_api: Any) -> None:
    answer = alice_api.get(url(scene, "preview?bands=3,2,1"))
    image = picture(answer)
    assert (image.size, image.mode) == ((WIDTH, HEIGHT), "RGB")
    grey = picture(alice_api.get(url(scene, "preview?bands=5&low=0&high=100")))
    assert grey.mode == "L" and grey.getextrema() == (0, 255)
    again = alice_api.get(url(scene, "preview?bands=3,2,1"), HTTP_IF_NONE_MATCH=answer["ETag"])
    assert again.status_code == 304 and not again.content
    other = alice_api.get(url(scene, "preview?bands=3,2,1&gamma=2"), HTTP_IF_NONE_MATCH=answer["ETag"])
    assert other.status_code == 200
    assert max(picture(alice_api.get(url(scene, "preview?size=16"))).size) <= 16


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("bands=99", 404), ("bands=1,2", 400), ("bands=x", 400), ("bands=1&low=90&high=10", 400),
        ("bands=1&gamma=0", 400), ("bands=1&size=100000", 400), ("bands=1&low=nan", 400),
    ],
)  # fmt: skip
def test_wishes_that_make_no_sense_are_refused(scene: Scene, alice_api: Any, query: str, code: int) -> None:
    answer = alice_api.get(url(scene, f"preview?{query}"))
    assert answer.status_code == code and answer.json()["message"]


def test_a_band_comes_as_plain_numbers(scene: Scene, alice_api: Any) -> None:
    answer = alice_api.get(url(scene, "bands/7"))
    values = np.frombuffer(answer.content, "<f4").reshape(HEIGHT, WIDTH)
    assert np.array_equal(values, cube()[:, :, 7])
    assert alice_api.get(url(scene, f"bands/{BANDS}")).status_code == 404


def test_spectra_are_those_of_the_cube(scene: Scene, alice_api: Any) -> None:
    row, column = TARGET
    body = alice_api.get(url(scene, f"spectrum?row={row}&column={column}")).json()
    assert body["values"] == cube()[row, column].tolist()
    body = alice_api.get(url(scene, f"spectra?pixels=0,0;{row},{column}&background=1")).json()
    assert [one["values"][0] for one in body["spectra"]] == [float(cube()[0, 0, 0]), float(cube()[row, column, 0])]
    assert len(body["background"]["mean"]) == BANDS and body["background"]["pixels"] > 20
    rings = [one["background"] for one in body["spectra"]]
    assert rings[0]["mean"] != rings[1]["mean"]
    assert sum(ring["pixels"] for ring in rings) == body["background"]["pixels"]
    for wrong in ("row=99&column=0", "row=-1&column=0", "row=0"):
        assert alice_api.get(url(scene, f"spectrum?{wrong}")).status_code in (400, 404)
    for wrong in ("", "1", "1,2,3", "a,b", ";".join(["0,0"] * 60)):
        assert alice_api.get(url(scene, f"spectra?pixels={wrong}")).status_code == 400


def test_missing_values_are_null_not_a_fault(alice: Any, alice_api: Any) -> None:
    values = cube().astype(np.float32)
    values[2, 2] = np.nan
    scene = make_scene(alice, "Gaps", cube=values)
    assert scene.findings
    answer = alice_api.get(url(scene, "spectrum?row=2&column=2"))
    assert answer.status_code == 200 and len(answer.json()["values"]) == BANDS
    assert picture(alice_api.get(url(scene, "preview?bands=1"))).size == (WIDTH, HEIGHT)


def test_histograms_count_every_pixel(scene: Scene, alice_api: Any) -> None:
    body = alice_api.get(url(scene, "histogram?band=3")).json()
    assert sum(body["counts"]) == HEIGHT * WIDTH and len(body["edges"]) == len(body["counts"]) + 1
    assert alice_api.get(url(scene, "histogram?band=99")).status_code == 404


def test_statistics_have_a_number_for_each_band(scene: Scene, alice_api: Any) -> None:
    body = alice_api.get(url(scene, "statistics")).json()
    assert np.allclose(body["mean"], cube().reshape(-1, BANDS).mean(0), rtol=1e-4)
    assert len(body["good_bands"]) == BANDS and body["wavelengths"] is None


def test_neighbours_are_background_and_sorted(scene: Scene, alice_api: Any) -> None:
    row, column = TARGET
    body = alice_api.get(url(scene, f"neighbours?row={row}&column={column}&count=4")).json()
    distances = [place["distance"] for place in body["neighbours"]]
    assert len(distances) == 4 and distances == sorted(distances)
    assert all(max(abs(place["row"] - row), abs(place["column"] - column)) > 3 for place in body["neighbours"])


def test_a_picture_of_a_large_scene_reads_no_more_than_allowed(scene: Scene, alice_api: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(opening, "READ_BYTES", cube().nbytes // 2)
    assert max(picture(alice_api.get(url(scene, "preview?bands=2"))).size) <= (HEIGHT + 1) // 2 + 1
    assert alice_api.get(url(scene, "bands/2")).status_code == 200  # its own bound, read at import


def test_a_draft_has_no_pixels_yet(alice_api: Any) -> None:
    from hsi.tests.makers import npz_file

    body = alice_api.post("/api/v1/hsi/scenes", {"file": [npz_file()]}, format="multipart").json()
    answer = alice_api.get(f"/api/v1/hsi/scenes/{body['id']}/preview")
    assert (answer.status_code, answer.json()["code"]) == (409, "hsi.not_ready")


def test_lists_take_filters_pages_and_a_fixed_number_of_queries(
    alice: Any, alice_api: Any, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        Scene.objects.create(owner=alice, name=f"Scene {number}", source="upload", state="failed")
    with django_assert_num_queries(2):
        body = alice_api.get("/api/v1/hsi/scenes?page_size=2").json()
    assert [row["name"] for row in body["results"]] == ["Scene 2", "Scene 1"] and body["next"]
    for number in range(3, 9):
        Scene.objects.create(owner=alice, name=f"Scene {number}", source="upload", state="inspected")
    with django_assert_num_queries(2):
        alice_api.get("/api/v1/hsi/scenes?page_size=50")
    assert len(alice_api.get("/api/v1/hsi/scenes?state=failed").json()["results"]) == 3
    assert len(alice_api.get("/api/v1/hsi/scenes?search=scene 4&owner__password=x").json()["results"]) == 1
