"""From a detection to its maps: recorded once, read, drawn, scored, compared, exported, deleted."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cvstudio.datasets.tests.carry_out import carry_out_all
from cvstudio.runs.hooks import run_completed
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.control_run import control_run
from cvstudio.runs.services.delete_run import delete_run
from hsi.models import AnomalyMap, Scene
from hsi.storage import map_folder
from hsi.tests.makers import HEIGHT, TARGET, WIDTH, cube, make_map, make_scene, make_weight

URL = "/api/v1/hsi/maps"
pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(alice: Any) -> Scene:
    return make_scene(alice)


@pytest.fixture
def found(scene: Scene) -> AnomalyMap:
    return make_map(scene)


def url(found: AnomalyMap, rest: str) -> str:
    return f"{URL}/{found.id}/{rest}"


def test_a_detection_makes_maps_that_find_the_target(scene: Scene, alice_api: Any) -> None:
    body = {"scenes": [str(scene.id)], "methods": ["global_rx", "iforest"]}
    answer = alice_api.post("/api/v1/hsi/detections", body)
    assert (answer.status_code, answer.json()[0]["state"]) == (202, "waiting")
    carry_out_all()
    body = alice_api.get(f"{URL}/{answer.json()[0]['id']}").json()
    assert (body["state"], body["main_method"]) == ("ready", "global_rx")
    assert sorted(body["methods"]) == ["global_rx", "iforest"]
    assert body["methods"]["global_rx"]["metrics"]["auc"] > 0.99
    values = np.frombuffer(alice_api.get(f"{URL}/{body['id']}/values?method=global_rx").content, "<f4")
    assert np.unravel_index(values.argmax(), (HEIGHT, WIDTH)) == TARGET


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"methods": []}, "hsi.no_method"), ({"methods": ["magic"]}, "config.invalid"), ({"scenes": []}, None),
        ({"scenes": ["00000000-0000-0000-0000-000000000007"]}, "not_found"),
        ({"detector": "00000000-0000-0000-0000-000000000007"}, "not_found"),
    ],
)  # fmt: skip
def test_detections_that_cannot_be_start_nothing(scene: Scene, alice_api: Any, change: Any, code: str | None) -> None:
    answer = alice_api.post("/api/v1/hsi/detections", {"scenes": [str(scene.id)], "methods": ["global_rx"], **change})
    assert 400 <= answer.status_code < 500 and (code is None or answer.json()["code"] == code)
    assert not AnomalyMap.objects.exists() and not Run.objects.filter(recipe="hsi.infer").exists()


def test_a_weight_that_is_no_detector_is_not_found(scene: Scene, alice: Any, alice_api: Any) -> None:
    weight = make_weight(alice, "hsi.tokenizer", "tokenizer")
    body = {"scenes": [str(scene.id)], "detector": str(weight.id)}
    assert alice_api.post("/api/v1/hsi/detections", body).status_code == 404


def test_the_end_of_a_detection_may_be_reported_twice(found: AnomalyMap) -> None:
    before = AnomalyMap.objects.values().get(id=found.id)
    run_completed(Run.objects.get(id=found.run_id))
    AnomalyMap.objects.filter(id=found.id).update(state="waiting")
    run_completed(Run.objects.get(id=found.run_id))
    after = AnomalyMap.objects.values().get(id=found.id)
    assert {**after, "updated_at": before["updated_at"]} == before


def test_maps_outlive_their_run(found: AnomalyMap, alice_api: Any) -> None:
    delete_run(Run.objects.get(id=found.run_id))
    assert alice_api.get(f"{URL}/{found.id}").json()["run"] is None
    assert alice_api.get(url(found, "values")).status_code == 200


def test_a_stopped_detection_is_no_map(scene: Scene, alice_api: Any) -> None:
    made = alice_api.post("/api/v1/hsi/detections", {"scenes": [str(scene.id)], "methods": ["global_rx"]}).json()[0]
    control_run(Run.objects.get(id=made["run"]), "stop")
    body = alice_api.get(f"{URL}/{made['id']}").json()
    assert (body["state"], body["fault"]["code"]) == ("failed", "detection.stopped")
    answer = alice_api.get(f"{URL}/{made['id']}/values")
    assert (answer.status_code, answer.json()["code"]) == (409, "hsi.not_ready")


def test_pictures_of_maps_know_colours_and_thresholds(found: AnomalyMap, alice_api: Any) -> None:
    answer = alice_api.get(url(found, "image?colours=viridis"))
    assert Image.open(io.BytesIO(answer.content)).size == (WIDTH, HEIGHT)
    assert alice_api.get(url(found, "image?colours=viridis"), HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 304
    high = found.methods["global_rx"]["max"]
    other = alice_api.get(url(found, f"image?colours=viridis&threshold={high}"))
    assert other.status_code == 200 and other.content != answer.content
    assert alice_api.get(url(found, "image?colours=mud")).status_code == 400
    assert alice_api.get(url(found, "image?method=mud")).status_code == 404


def test_scores_need_a_mask(alice: Any, alice_api: Any, found: AnomalyMap) -> None:
    body = alice_api.get(url(found, "curves")).json()
    assert body["method"] == "global_rx" and any("roc" in key for key in body)
    bare = make_map(make_scene(alice, "Bare", cube=cube(1)))
    assert alice_api.get(url(bare, "curves")).status_code == 404
    assert "metrics" not in bare.methods["global_rx"]


def test_a_mask_that_comes_later_scores_the_maps_that_are_there(alice: Any, alice_api: Any) -> None:
    from hsi.tests.makers import mask
    from hsi.tests.test_scenes_come_in import npy_file

    scene = make_scene(alice, "Later", cube=cube())
    bare = make_map(scene)
    alice_api.post(f"/api/v1/hsi/scenes/{scene.id}/mask", {"file": npy_file("m.npy", mask())}, format="multipart")
    assert alice_api.get(f"{URL}/{bare.id}").json()["methods"]["global_rx"]["metrics"]["auc"] > 0.99
    alice_api.delete(f"/api/v1/hsi/scenes/{scene.id}/mask")
    assert "metrics" not in alice_api.get(f"{URL}/{bare.id}").json()["methods"]["global_rx"]


def test_a_threshold_is_counted(found: AnomalyMap, alice_api: Any) -> None:
    top = found.methods["global_rx"]["max"]
    body = alice_api.get(url(found, f"count?threshold={top}")).json()
    assert (body["flagged"], body["hits"], body["false_alarms"], body["pixels"]) == (1, 1, 0, HEIGHT * WIDTH)
    assert alice_api.get(url(found, "count?threshold=0")).json()["flagged"] == HEIGHT * WIDTH
    assert alice_api.get(url(found, "count?threshold=nan")).status_code == 400


def test_regions_say_where_and_how_they_differ(found: AnomalyMap, alice_api: Any) -> None:
    body = alice_api.get(url(found, "regions?count=3")).json()
    first = body["regions"][0]
    assert (first["row"], first["column"], first["hit"]) == (*TARGET, True)
    assert len(first["spectrum"]) == len(first["background"]) > 0 and len(body["regions"]) <= 3


def test_neighbours_of_a_target_are_what_the_map_calls_background(found: AnomalyMap, alice_api: Any) -> None:
    row, column = TARGET
    body = alice_api.get(url(found, f"neighbours?row={row}&column={column}")).json()
    assert len(body["neighbours"]) == 5
    assert alice_api.get(url(found, "neighbours?row=99&column=0")).status_code == 404


def test_comparisons_tell_scores_and_likeness(scene: Scene, alice_api: Any) -> None:
    first, second = make_map(scene), make_map(scene, ("global_rx", "iforest"))
    body = alice_api.get(f"{URL}/compare?ids={first.id},{second.id}&method=global_rx,iforest").json()
    assert [entry["method"] for entry in body["entries"]] == ["global_rx", "global_rx", "iforest"]
    same = next(pair for pair in body["pairs"] if (pair["first"], pair["second"]) == (0, 1))
    assert (round(same["rank"], 6), same["top"]) == (1.0, 1.0)
    assert alice_api.get(f"{URL}/compare?ids=nothing").status_code == 400
    assert alice_api.get(f"{URL}/compare?ids={first.id},00000000-0000-0000-0000-000000000007").status_code == 404


def test_exports_are_files_that_other_programs_read(found: AnomalyMap, alice_api: Any, settings: Any) -> None:
    def export(form: str, query: str = "") -> bytes:
        answer = alice_api.get(url(found, f"export/{form}{query}"))
        assert answer.status_code == 200 and "attachment" in answer["Content-Disposition"]
        return b"".join(answer.streaming_content)

    values = np.load(io.BytesIO(export("npy")))
    assert values.shape == (HEIGHT, WIDTH) and values.dtype == np.float32
    tiff = np.asarray(Image.open(io.BytesIO(export("geotiff"))))
    assert np.array_equal(tiff, values)
    with zipfile.ZipFile(io.BytesIO(export("envi"))) as archive:
        assert sorted(name.rpartition(".")[2] for name in archive.namelist()) == ["hdr", "img"]
        data = next(name for name in archive.namelist() if name.endswith(".img"))
        assert np.array_equal(np.frombuffer(archive.read(data), "<f4").reshape(HEIGHT, WIDTH), values)
    assert Image.open(io.BytesIO(export("png", "?colours=turbo"))).size == (WIDTH, HEIGHT)
    rows = list(csv.DictReader(io.StringIO(export("csv").decode())))
    assert (int(rows[0]["row"]), int(rows[0]["column"])) == TARGET
    assert alice_api.get(url(found, "export/exe")).status_code == 404
    assert list(settings.TEMP_DIR.iterdir()) == [], "temporary files go when they are sent"


def test_deleting_frees_the_files_and_waits_for_work(found: AnomalyMap, alice_api: Any) -> None:
    folder = map_folder(found)
    Run.objects.filter(id=found.run_id).update(state=RunState.RUNNING)
    assert alice_api.delete(f"{URL}/{found.id}").status_code == 409
    Run.objects.filter(id=found.run_id).update(state=RunState.COMPLETED)
    assert folder.is_dir() and alice_api.delete(f"{URL}/{found.id}").status_code == 200
    assert not folder.exists() and alice_api.get(f"{URL}/{found.id}").status_code == 404


def test_deleting_a_scene_takes_its_maps_along(scene: Scene, found: AnomalyMap, alice_api: Any) -> None:
    assert alice_api.delete(f"/api/v1/hsi/scenes/{scene.id}").json()["bytes_freed"] > 0
    assert not AnomalyMap.objects.exists() and not map_folder(found).exists()


def test_lists_of_maps_cost_one_query(found: AnomalyMap, alice_api: Any, django_assert_num_queries: Any) -> None:
    make_map(found.scene)
    with django_assert_num_queries(1):
        assert len(alice_api.get(f"{URL}?scene={found.scene_id}").json()["results"]) == 2
    assert alice_api.get(f"{URL}?state=failed").json()["results"] == []


def test_strangers_see_nothing_of_maps(found: AnomalyMap, bob_api: Any, bob: Any, admin_api: Any) -> None:
    assert bob_api.get(URL).json()["results"] == []
    assert bob_api.get(f"{URL}/compare?ids={found.id}").status_code == 404
    assert admin_api.get(f"{URL}/{found.id}").status_code == 200
    body = {"scenes": [str(found.scene_id)], "methods": ["global_rx"]}
    assert bob_api.post("/api/v1/hsi/detections", body).status_code == 404


def test_methods_are_listed_with_their_parameters(alice_api: Any) -> None:
    body = alice_api.get("/api/v1/hsi/methods").json()
    names = {row["name"] for row in body}
    assert {"global_rx", "local_rx", "crd", "iforest", "morphological", "combined", "lm_nll"} <= names
    assert next(row for row in body if row["name"] == "local_rx")["schema"]["properties"]
