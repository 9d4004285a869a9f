"""From files to a scene that is ready: looked into, confirmed or corrected, imported, or refused in words."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings

from cvstudio.datasets.tests.carry_out import carry_out, carry_out_all
from cvstudio.runs.hooks import run_completed
from cvstudio.runs.models import Run, RunState
from hsi.models import Scene, Sensor
from hsi.services.create_scene import create_sample
from hsi.storage import scene_folder
from hsi.tests.makers import BANDS, HEIGHT, WIDTH, cube, make_scene, mask, npz_file
from ml_core.hsi.scene_folder import read_facts

URL = "/api/v1/hsi/scenes"
pytestmark = pytest.mark.django_db


def send(api: Any, *files: Any, **fields: Any) -> Any:
    return api.post(URL, {"file": list(files), **fields}, format="multipart")


def plain_file(name: str, content: bytes) -> io.BytesIO:
    stream = io.BytesIO(content)
    stream.name = name
    return stream


def npy_file(name: str, array: Any) -> io.BytesIO:
    stream = io.BytesIO()
    np.save(stream, array)
    return plain_file(name, stream.getvalue())


def test_an_upload_is_looked_into_confirmed_and_imported(alice_api: Any) -> None:
    answer = send(alice_api, npz_file(), name="My harbour")
    body = answer.json()
    assert (answer.status_code, body["state"], body["name"]) == (201, "inspected", "My harbour")
    chosen = body["inspection"]["chosen"]
    assert (chosen["cube"]["key"], chosen["mask"]["key"], chosen["axis_order"]) == ("cube", "gt", "HWB")
    assert body["inspection"]["cubes"][0]["evidence"]
    picture = alice_api.get(f"{URL}/{body['id']}/inspection/preview")
    assert picture.status_code == 200 and picture.content.startswith(b"\x89PNG")
    answer = alice_api.post(f"{URL}/{body['id']}/confirm", {"domain_id": 3})
    assert (answer.status_code, answer.json()["state"]) == (202, "importing")
    carry_out_all()
    body = alice_api.get(f"{URL}/{body['id']}").json()
    assert (body["state"], body["shape"], body["anomaly_pixels"]) == ("ready", [HEIGHT, WIDTH, BANDS], 1)
    assert body["domain_id"] == 3 and len(body["fingerprint"]) == 64 and body["size_bytes"] > 1000
    assert list(Path(settings.UPLOAD_DIR).iterdir()) == [], "the upload is gone once it is imported"


def test_a_wrong_reading_can_be_corrected(alice_api: Any) -> None:
    turned = np.ascontiguousarray(np.moveaxis(cube(), 2, 0))
    body = send(alice_api, npz_file(first=turned, gt=mask())).json()
    answer = alice_api.post(f"{URL}/{body['id']}/confirm", {"axis_order": "BHW", "use_mask": False, "name": "Turned"})
    assert answer.status_code == 202
    carry_out_all()
    body = alice_api.get(f"{URL}/{body['id']}").json()
    assert (body["shape"], body["has_mask"], body["name"]) == ([HEIGHT, WIDTH, BANDS], False, "Turned")


def test_a_choice_that_is_not_in_the_files_is_refused(alice_api: Any) -> None:
    body = send(alice_api, npz_file()).json()
    answer = alice_api.post(f"{URL}/{body['id']}/confirm", {"cube_key": "nothing"})
    assert (answer.status_code, answer.json()["code"]) == (400, "hsi.key_unknown")
    assert alice_api.get(f"{URL}/{body['id']}").json()["state"] == "inspected"


def test_of_two_cubes_a_person_must_choose_one(alice_api: Any) -> None:
    body = send(alice_api, npz_file(first=cube(1), second=cube(2))).json()
    assert body["inspection"]["certain"] is False and len(body["inspection"]["cubes"]) >= 2
    answer = alice_api.post(f"{URL}/{body['id']}/confirm", {})
    assert (answer.status_code, answer.json()["code"]) == (400, "hsi.ambiguous")
    assert alice_api.post(f"{URL}/{body['id']}/confirm", {"cube_key": "second"}).status_code == 202
    carry_out_all()
    values = np.frombuffer(alice_api.get(f"{URL}/{body['id']}/bands/0").content, "<f4")
    assert np.array_equal(values.reshape(HEIGHT, WIDTH), cube(2)[:, :, 0])


def test_cube_and_mask_may_come_in_two_files_or_a_zip(alice_api: Any) -> None:
    body = send(alice_api, npy_file("scene.npy", cube()), npy_file("scene_gt.npy", mask())).json()
    assert body["inspection"]["chosen"]["mask"]["file"].endswith("scene_gt.npy")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inner/scene.npy", npy_file("x", cube()).getvalue())
        archive.writestr("inner/scene_gt.npy", npy_file("x", mask()).getvalue())
    body = send(alice_api, plain_file("both.zip", packed.getvalue())).json()
    assert body["inspection"]["shape"] == [HEIGHT, WIDTH, BANDS]
    assert body["inspection"]["chosen"]["mask"] is not None


def archive_with(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, b"x" * 100)
    return stream.getvalue()


class Evil:
    def __reduce__(self) -> Any:
        return (print, ("this must never run",))


def pickled_npz() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, cube=np.array([Evil()], object))
    return stream.getvalue()


LONELY = b"ENVI\nsamples = 10\nlines = 10\nbands = 3\ndata type = 4\ninterleave = bsq\n"
HOSTILE = {
    "a program": ("run.exe", b"MZ" * 100),
    "nothing": ("empty.npz", b""),
    "noise": ("noise.mat", b"no matrix at all" * 50),
    "a pickle": ("cube.npy", b"\x93NUMPY" + pickle.dumps(Evil())),
    "pickled objects": ("cube.npz", pickled_npz()),
    "a path that leads out": ("x.zip", archive_with("../../escape.npy")),
    "a cut file": ("cut.npz", npz_file().getvalue()[:900]),
    "two axes": ("flat.npy", npy_file("x", mask()).getvalue()),
    "a header without data": (
        "lonely.hdr",
        b"ENVI\nsamples = 10\nlines = 10\nbands = 3\ndata type = 4\ninterleave = bsq\n",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_scene_is_refused_and_leaves_nothing(alice_api: Any, capsys: Any, what: str) -> None:
    answer = send(alice_api, plain_file(*HOSTILE[what]))
    assert 400 <= answer.status_code < 500, answer.content
    assert set(answer.json()) >= {"code", "message", "hint", "where"} and answer.json()["message"]
    assert not Scene.objects.exists()
    assert list(Path(settings.UPLOAD_DIR).iterdir()) == []
    assert "never run" not in capsys.readouterr().out


def test_more_than_allowed_is_not_stored(alice_api: Any, settings: Any) -> None:
    settings.MAX_UPLOAD_SIZE = 500
    answer = send(alice_api, npz_file())
    assert (answer.status_code, answer.json()["code"]) == (413, "upload.too_large")
    assert list(Path(settings.UPLOAD_DIR).iterdir()) == []


def test_names_of_clients_are_no_paths(alice_api: Any) -> None:
    stream = npz_file("../../../etc/…strange name;.npz")
    body = send(alice_api, stream).json()
    scene = Scene.objects.get(id=body["id"])
    assert Path(scene.origin).parent == Path(settings.UPLOAD_DIR)
    assert [path.name for path in Path(scene.origin).iterdir()] == ["strange_name_.npz"]


def test_places_outside_of_the_roots_are_refused(alice_api: Any, tmp_path: Path, settings: Any) -> None:
    settings.DATASET_ROOTS = [tmp_path / "allowed"]
    (tmp_path / "allowed").mkdir()
    secret = tmp_path / "secret.npz"
    secret.write_bytes(npz_file().read())
    (tmp_path / "allowed" / "link.npz").symlink_to(secret)
    for place in (
        secret,
        tmp_path / "allowed" / "link.npz",
        tmp_path / "allowed" / ".." / "secret.npz",
        "\0",
        "/etc/passwd",
    ):
        answer = alice_api.post(URL, {"source": "folder", "path": str(place)})
        assert answer.status_code == 400, place
        assert answer.json()["code"] in {"dataset.folder_not_allowed", "parse_error"}


def test_a_registered_place_stays_as_it_is(alice: Any, alice_api: Any) -> None:
    scene = make_scene(alice)
    assert scene.origin.endswith("Harbour.npz") and Path(scene.origin).is_file()
    assert alice_api.delete(f"{URL}/{scene.id}").json()["bytes_freed"] > 1000
    assert Path(scene.origin).is_file() and not scene_folder(scene).exists()


def test_the_sample_needs_no_files(alice: Any) -> None:
    scene = create_sample(alice)
    carry_out_all()
    scene.refresh_from_db()
    assert (scene.state, scene.source, scene.has_mask) == ("ready", "sample", True)
    assert scene.wavelengths and scene.sensor is not None


def test_an_import_that_fails_says_why_and_can_be_tried_again(alice_api: Any) -> None:
    body = send(alice_api, npz_file()).json()
    scene = Scene.objects.get(id=body["id"])
    file = next(Path(scene.origin).iterdir())
    alice_api.post(f"{URL}/{scene.id}/confirm", {})
    content = file.read_bytes()
    file.write_bytes(content[:600])
    carry_out_all()
    body = alice_api.get(f"{URL}/{scene.id}").json()
    assert body["state"] == "failed" and body["fault"]["message"] and body["fault"]["code"] != "internal"
    file.write_bytes(content)
    assert alice_api.post(f"{URL}/{scene.id}/confirm", {}).status_code == 202
    carry_out_all()
    assert alice_api.get(f"{URL}/{scene.id}").json()["state"] == "ready"


def test_an_import_that_waits_is_not_started_twice(alice_api: Any) -> None:
    body = send(alice_api, npz_file()).json()
    alice_api.post(f"{URL}/{body['id']}/confirm", {})
    answer = alice_api.post(f"{URL}/{body['id']}/confirm", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "hsi.busy")
    carry_out_all()
    answer = alice_api.post(f"{URL}/{body['id']}/confirm", {})
    assert (answer.status_code, answer.json()["code"]) == (400, "hsi.imported")


def test_the_end_of_an_import_may_be_reported_twice(alice: Any) -> None:
    scene = make_scene(alice)
    run = Run.objects.get(id=scene.import_run_id)
    before = Scene.objects.values().get(id=scene.id)
    run_completed(run)
    assert Scene.objects.values().get(id=scene.id) == before


def test_a_stopped_import_is_no_scene(alice: Any, alice_api: Any) -> None:
    from cvstudio.runs.services.control_run import control_run

    body = send(alice_api, npz_file()).json()
    alice_api.post(f"{URL}/{body['id']}/confirm", {})
    scene = Scene.objects.select_related("import_run").get(id=body["id"])
    control_run(scene.import_run, "stop")
    scene.refresh_from_db()
    assert (scene.state, scene.fault["code"]) == ("failed", "import.stopped")


def test_corrections_reach_the_folder_that_recipes_read(alice: Any, alice_api: Any) -> None:
    scene = make_scene(alice)
    wavelengths = [400.0 + 10 * band for band in range(BANDS)]
    sensor = Sensor.objects.create(owner=alice, name="Ours", bands=BANDS, wavelengths=wavelengths, domain_id=5)
    answer = alice_api.patch(
        f"{URL}/{scene.id}", {"sensor": str(sensor.id), "bad_bands": [3, 0, 3], "name": " New  name "}
    )
    assert answer.status_code == 200
    facts = read_facts(scene_folder(scene))
    assert (facts["bad_bands"], facts["name"], facts["sensor"], facts["domain_id"]) == ([0, 3], "New name", "Ours", 5)
    assert facts["wavelengths"][1] == 410.0


@pytest.mark.parametrize(
    "change", [{"bad_bands": [99]}, {"bad_bands": list(range(BANDS))}, {"wavelengths": [400.0]}, {"name": " "}]
)
def test_corrections_that_make_no_sense_change_nothing(alice: Any, alice_api: Any, change: dict[str, Any]) -> None:
    scene = make_scene(alice)
    before = read_facts(scene_folder(scene))
    assert alice_api.patch(f"{URL}/{scene.id}", change).status_code == 400
    assert read_facts(scene_folder(scene)) == before


def test_a_mask_may_come_later_go_and_must_fit(alice: Any, alice_api: Any) -> None:
    scene = make_scene(alice, cube=cube())
    assert alice_api.get(f"{URL}/{scene.id}/mask").status_code == 404
    for wrong in (mask()[:5], np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)):
        answer = alice_api.post(f"{URL}/{scene.id}/mask", {"file": npy_file("m.npy", wrong)}, format="multipart")
        assert (answer.status_code, answer.json()["code"][:8]) == (400, "hsi.mask")
    answer = alice_api.post(f"{URL}/{scene.id}/mask", {"file": npy_file("m.npy", mask())}, format="multipart")
    assert (answer.status_code, answer.json()["anomaly_pixels"]) == (200, 1)
    assert alice_api.get(f"{URL}/{scene.id}/mask").content == mask().tobytes()
    assert alice_api.delete(f"{URL}/{scene.id}/mask").json()["has_mask"] is False
    assert not read_facts(scene_folder(scene))["has_mask"]
    assert list(Path(settings.UPLOAD_DIR).iterdir()) == []


def test_a_scene_at_work_is_not_deleted(alice: Any, alice_api: Any) -> None:
    body = send(alice_api, npz_file()).json()
    alice_api.post(f"{URL}/{body['id']}/confirm", {})
    run = Scene.objects.get(id=body["id"]).import_run
    Run.objects.filter(id=run.id).update(state=RunState.RUNNING)
    answer = alice_api.delete(f"{URL}/{body['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "hsi.busy")
    Run.objects.filter(id=run.id).update(state=RunState.QUEUED)
    assert alice_api.delete(f"{URL}/{body['id']}").status_code == 200
    assert list(Path(settings.UPLOAD_DIR).iterdir()) == []


def test_a_failed_run_of_another_scene_changes_nothing(alice: Any) -> None:
    scene = make_scene(alice)
    run = Run.objects.create(
        owner=alice, name="x", recipe="hsi.import", config={"target": "/nowhere", "source": "/nothing"}
    )
    carry_out(run)
    scene.refresh_from_db()
    assert scene.state == "ready"
