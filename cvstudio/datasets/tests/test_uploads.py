"""An archive comes in piece by piece, is judged at once, and becomes a data set by a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from conftest import PASSWORD
from cvstudio.datasets.errors import UploadTooLargeError
from cvstudio.datasets.models import Dataset, DatasetImage, DatasetVersion
from cvstudio.datasets.services.receive_upload import Upload
from cvstudio.datasets.tests.carry_out import carry_out_all, newest, zip_bytes, zipped_classes
from cvstudio.runs.models import Run, RunState

UPLOAD = "/api/v1/datasets/upload"


def form(content: bytes, name: str = "pets.zip", **fields: Any) -> dict[str, Any]:
    return {**fields, "file": SimpleUploadedFile(name, content, "application/zip")}


def left_over(settings: Any) -> list[Path]:
    return list(Path(settings.UPLOAD_DIR).iterdir())


def test_an_uploaded_archive_becomes_a_data_set(alice: Any, alice_api: Any, settings: Any) -> None:
    content = zipped_classes({"cats": 12, "dogs": 8})
    posted = form(content, name="../../evil.zip", val="0.25", test="0", seed="3")
    answer = alice_api.post(UPLOAD, posted, format="multipart")
    assert answer.status_code == 201, answer.json()
    body = answer.json()
    assert (body["owner"], body["name"], body["source"]) == ("alice", "evil", "upload")
    assert [entry["run_state"] for entry in body["unfinished"]] == ["queued"]
    assert [path.suffix for path in left_over(settings)] == [".zip"]
    carry_out_all()
    dataset = Dataset.objects.get(id=body["id"])
    version = newest(dataset)
    assert dataset.current_version == version
    assert (version.state, version.classes) == ("ready", ["cats", "dogs"])
    assert version.counts["splits"] == {"train": 15, "val": 5, "test": 0}
    assert version.images.count() == 20
    assert version.statistics["summary"]["images"] == 20
    assert left_over(settings) == []
    assert str(dataset.id) in version.root


def test_the_bare_body_is_taken_too(alice_api: Any) -> None:
    for media_type in ("application/zip", "application/octet-stream"):
        content = zipped_classes({"cats": 2, "dogs": 2})
        answer = alice_api.post(f"{UPLOAD}?name=Pets&seed=5", content, content_type=media_type)
        assert answer.status_code == 201, answer.json()
        assert answer.json()["name"] == "Pets"
    assert {run.config["seed"] for run in Run.objects.all()} == {5}


def test_an_upload_may_be_the_next_version(alice_api: Any, bob_api: Any) -> None:
    first = alice_api.post(UPLOAD, form(zipped_classes({"cats": 2, "dogs": 2})), format="multipart").json()
    carry_out_all()
    more = form(zipped_classes({"cats": 3, "dogs": 2}), dataset=first["id"])
    assert bob_api.post(UPLOAD, more, format="multipart").status_code == 404
    more = form(zipped_classes({"cats": 3, "dogs": 2}), dataset=first["id"])
    assert alice_api.post(UPLOAD, more, format="multipart").status_code == 201
    carry_out_all()
    dataset = Dataset.objects.get()
    assert [version.number for version in dataset.versions.all()] == [2, 1]
    assert dataset.current_version is not None
    assert dataset.current_version.counts["images"] == 5
    assert DatasetImage.objects.count() == 9


REFUSED = {
    "upload.not_zip": b"Rar!\x1a\x07\x01\x00 something",
    "upload.empty": b"",
    "archive.path_escape": zip_bytes({"../evil.png": b"x"}),
    "archive.path_backslash": zip_bytes({"..\\evil.png": b"x"}),
    "archive.damaged": zipped_classes({"a": 1})[:-60],
}


@pytest.mark.parametrize("code", [code for code in REFUSED if code != "archive.damaged"])
@pytest.mark.parametrize("way", ["form", "body"])
def test_what_is_refused_leaves_nothing(code: str, way: str, alice_api: Any, settings: Any) -> None:
    content = REFUSED[code]
    if way == "form":
        answer = alice_api.post(UPLOAD, form(content), format="multipart")
    else:
        answer = alice_api.post(UPLOAD, content, content_type="application/zip")
    assert answer.status_code == 400
    expected = {code, "upload.missing"} if code == "upload.empty" else {code}
    assert answer.json()["code"] in expected
    assert answer.json()["hint"]
    assert (left_over(settings), Dataset.objects.count(), Run.objects.count()) == ([], 0, 0)


def test_an_archive_cut_short_is_refused(alice_api: Any, settings: Any) -> None:
    answer = alice_api.post(UPLOAD, form(REFUSED["archive.damaged"]), format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (400, "archive.not_zip")
    assert left_over(settings) == []


@pytest.mark.parametrize("way", ["form", "body"])
def test_more_than_allowed_is_refused_while_it_comes(way: str, alice_api: Any, settings: Any) -> None:
    settings.MAX_UPLOAD_SIZE = 1000
    content = zip_bytes({"a/1.png": bytes(5000)})
    if way == "form":
        answer = alice_api.post(UPLOAD, form(content), format="multipart")
    else:
        answer = alice_api.post(UPLOAD, content, content_type="application/zip")
    assert (answer.status_code, answer.json()["code"]) == (413, "upload.too_large")
    assert left_over(settings) == []


def test_a_client_that_lies_about_the_length_is_stopped_at_the_bound(settings: Any) -> None:
    settings.MAX_UPLOAD_SIZE = 1000
    with pytest.raises(UploadTooLargeError), Upload(declared_bytes=10) as upload:
        upload.write(b"PK\x03\x04" + bytes(500))
        upload.write(bytes(600))
    assert (upload.received, left_over(settings)) == (1104, [])


def test_a_wrong_option_is_named_and_leaves_nothing(alice_api: Any, settings: Any) -> None:
    for field, value in {"val": "7", "seed": "-1", "dataset": "no-uuid"}.items():
        answer = alice_api.post(UPLOAD, form(zipped_classes({"a": 1}), **{field: value}), format="multipart")
        assert (answer.status_code, answer.json()["where"]) == (400, field)
    assert (left_over(settings), DatasetVersion.objects.count()) == ([], 0)


def test_a_form_without_a_file_is_refused(alice_api: Any) -> None:
    answer = alice_api.post(UPLOAD, {"name": "x", "file": "text"}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (400, "upload.missing")


def test_the_anonymous_may_not_upload(anonymous: Any, settings: Any) -> None:
    assert anonymous.post(UPLOAD, form(zipped_classes({"a": 1})), format="multipart").status_code == 401
    assert left_over(settings) == []


def test_a_session_needs_its_csrf_token_for_an_upload(alice: Any, settings: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.login(username="alice", password=PASSWORD)
    answer = client.post(UPLOAD, form(zipped_classes({"a": 1})))
    assert answer.status_code == 403
    assert left_over(settings) == []
    client.get("/datasets/new")
    token = client.cookies["csrftoken"].value
    answer = client.post(UPLOAD, form(zipped_classes({"a": 1})), headers={"X-CSRFToken": token})
    assert answer.status_code == 201


def test_too_many_waiting_runs_leave_no_upload_behind(alice_api: Any, settings: Any, monkeypatch: Any) -> None:
    from cvstudio.runs.errors import QuotaError
    from cvstudio.runs.services import create_run

    def refuse(owner: Any) -> None:
        raise QuotaError("Too many.")

    monkeypatch.setattr(create_run, "check_quota", refuse)
    answer = alice_api.post(UPLOAD, form(zipped_classes({"a": 1})), format="multipart")
    assert answer.status_code in (409, 429)
    assert (left_over(settings), Dataset.objects.count()) == ([], 0)


def test_an_import_that_fails_says_why_on_its_version(alice_api: Any) -> None:
    body = alice_api.post(UPLOAD, form(zip_bytes({"readme.txt": b"nothing"})), format="multipart").json()
    carry_out_all()
    version = newest(Dataset.objects.get(id=body["id"]))
    assert (version.state, version.fault["code"]) == ("failed", "format.no_images")
    assert version.import_run is not None
    assert version.import_run.state == RunState.FAILED
