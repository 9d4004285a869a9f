"""Batches: a data set version, a folder of the server, or a zip becomes a run with a table of results."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cvstudio.accounts.models import User
from cvstudio.datasets.models import DatasetImage, DatasetVersion
from cvstudio.inference.models import InferenceJob
from cvstudio.inference.services.receive_media import file_name
from cvstudio.inference.tests.makers import picture
from cvstudio.runs.folders import run_folder
from cvstudio.runs.hooks import run_completed
from cvstudio.runs.models import Run, RunState
from cvstudio.weights import library
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.tests.makers import make_weight

pytestmark = pytest.mark.django_db
BATCH, JOBS = "/api/v1/inference/batch", "/api/v1/inference/jobs"


def archive(members: dict[str, bytes]) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    stream.seek(0)
    stream.name = "holiday.zip"
    return stream


def finish(job: InferenceJob) -> Run:
    """What the supervisor does at the end of the run."""
    run = job.run
    assert run is not None
    folder = run_folder(run.id) / "artifacts"
    folder.mkdir(parents=True)
    (folder / "predictions.csv").write_text("path,class,probability,true_class,error,top\na.png,red,0.9,,,[]\n")
    (folder / "predictions.json").write_text("[]")
    run.result = {"state": "completed", "metrics": {"images": 1}, "classes": {"red": 1}}
    run_completed(run)
    run.state = RunState.COMPLETED
    run.save()
    return run


def test_a_data_set_version_becomes_a_run(weight: WeightVersion, image: DatasetImage, alice_api: APIClient) -> None:
    body = {"weight": str(weight.id), "dataset_version": str(image.version_id), "split": "test", "top_k": 3}
    answer = alice_api.post(BATCH, body)
    assert answer.status_code == 201, answer.json()
    run = Run.objects.get(id=answer.json()["run"])
    assert run.recipe == "vision.predict" and run.dataset_version_id == image.version_id
    assert run.config["version"] == image.version.folder and run.config["split"] == "test"
    assert run.config["weight"] == str(library.folder_of(weight)) and run.config["top_k"] == 3
    assert answer.json()["state"] == "queued" and answer.json()["options"]["source"] == "dataset"


def test_a_zip_becomes_a_run_and_is_forgotten_when_it_has_completed(
    weight: WeightVersion, alice_api: APIClient
) -> None:
    file = archive({"a.png": picture(), "b/c.png": picture()})
    answer = alice_api.post(BATCH, {"weight": str(weight.id), "file": file}, format="multipart")
    assert answer.status_code == 201, answer.json()
    job = InferenceJob.objects.get()
    assert job.run is not None
    kept = Path(job.run.config["archive"])
    assert kept.is_file() and kept.parent == Path(django_settings.UPLOAD_DIR)
    assert "holiday" not in kept.name and str(kept.parent) not in str(answer.json())
    finish(job)
    assert not kept.exists()


MP4 = b"\0\0\0\x18ftypmp42" + bytes(64)


@pytest.mark.parametrize(
    ("given", "called"),
    [("clip.mp4", "clip.mp4"), ("CLIP.MOV", "CLIP.mov"), ("..a.exe", "a.mp4"), (".mp4", "mp4.mp4"),
     ("x" * 250 + ".mp4", "x" * 150 + ".mp4"), ("视" * 60 + ".mp4", "视" * 50 + ".mp4")],
)  # fmt: skip
def test_a_video_becomes_a_run_under_a_harmless_name(
    weight: WeightVersion, alice_api: APIClient, given: str, called: str
) -> None:
    stream = io.BytesIO(MP4)
    stream.name = given
    answer = alice_api.post(BATCH, {"weight": str(weight.id), "file": stream, "every_nth": 3}, format="multipart")
    assert answer.status_code == 201, answer.json()
    run = Run.objects.get(id=answer.json()["run"])
    assert (run.config["archive_name"], run.config["every_nth"]) == (called, 3)
    assert Path(run.config["archive"]).read_bytes() == MP4 and answer.json()["options"]["source"] == "video"


def test_a_name_that_is_a_path_stays_a_name() -> None:
    assert file_name("../a\\b\n.mp4", "mp4") == "_a_b_.mp4"


def test_what_is_neither_an_archive_nor_a_video_is_refused(weight: WeightVersion, alice_api: APIClient) -> None:
    for content in (b"#!/bin/sh\n" * 50, b"no", b"\xff\xd8\xff\xe0" + bytes(40)):
        stream = io.BytesIO(content)
        stream.name = "a.mp4"
        answer = alice_api.post(BATCH, {"weight": str(weight.id), "file": stream}, format="multipart")
        assert (answer.status_code, answer.json()["code"]) == (400, "upload.not_media")
    assert list(Path(django_settings.UPLOAD_DIR).iterdir()) == []
    bad = alice_api.post(BATCH, {"weight": str(weight.id), "folder": "x", "every_nth": 0})
    assert bad.status_code == 400


def test_a_folder_must_lie_below_an_allowed_root(
    weight: WeightVersion, alice_api: APIClient, settings: Any, tmp_path: Path
) -> None:
    allowed = tmp_path / "allowed"
    (allowed / "inner").mkdir(parents=True)
    settings.DATASET_ROOTS = [allowed]
    good = alice_api.post(BATCH, {"weight": str(weight.id), "folder": str(allowed / "inner")})
    assert good.status_code == 201
    (allowed / "link").symlink_to("/etc")
    for folder in ("/etc", str(allowed / ".." / "other"), f"{allowed}x", "file:///etc", "", str(allowed / "link"), "~"):
        refused = alice_api.post(BATCH, {"weight": str(weight.id), "folder": folder})
        assert refused.status_code == 400, folder
    assert Run.objects.filter(recipe="vision.predict").count() == 1


@pytest.mark.parametrize(
    "file",
    [
        b"no zip at all",
        b"",
        archive({"../../evil.png": picture()}).getvalue(),
        archive({"/etc/evil.png": picture()}).getvalue(),
        archive({"a.png": picture()}).getvalue()[:60],
    ],
    ids=["no zip", "empty", "parent folder", "absolute", "cut off"],  # bytes as ids would hold the time of day
)
def test_a_hostile_archive_leaves_nothing(weight: WeightVersion, alice_api: APIClient, file: bytes) -> None:
    stream = io.BytesIO(file)
    stream.name = "a.zip"
    answer = alice_api.post(BATCH, {"weight": str(weight.id), "file": stream}, format="multipart")
    assert answer.status_code == 400, answer.json()
    assert not InferenceJob.objects.exists() and list(Path(django_settings.UPLOAD_DIR).iterdir()) == []


def test_an_archive_is_not_kept_when_no_job_is_made(weight: WeightVersion, alice_api: APIClient, settings: Any) -> None:
    settings.RUN_MAX_QUEUED_PER_USER = 0
    file = archive({"a.png": picture()})
    answer = alice_api.post(BATCH, {"weight": str(weight.id), "file": file}, format="multipart")
    assert answer.status_code == 429 and answer.json()["code"] == "run.quota"
    assert list(Path(django_settings.UPLOAD_DIR).iterdir()) == []


@pytest.mark.parametrize(("task", "code"), [("vision.other", 400), ("vision.classify", 410)])
def test_an_archive_is_not_kept_when_the_weight_cannot_serve(
    weight: WeightVersion, alice_api: APIClient, task: str, code: int
) -> None:
    weight.weight.task = task
    weight.weight.save()
    shutil.rmtree(library.folder_of(weight))
    file = archive({"a.png": picture()})
    answer = alice_api.post(BATCH, {"weight": str(weight.id), "file": file}, format="multipart")
    assert answer.status_code == code, answer.json()
    assert list(Path(django_settings.UPLOAD_DIR).iterdir()) == []


@pytest.mark.parametrize(
    "body",
    [{}, {"folder": "x", "dataset_version": "3fa85f64-5717-4562-b3fc-2c963f66afa6"}, {"folder": "x", "split": "test"}],
)
def test_exactly_one_source_is_taken(weight: WeightVersion, alice_api: APIClient, body: dict[str, str]) -> None:
    assert alice_api.post(BATCH, {"weight": str(weight.id), **body}).status_code == 400


def test_an_unready_version_is_refused(weight: WeightVersion, image: DatasetImage, alice_api: APIClient) -> None:
    DatasetVersion.objects.update(state="importing")
    answer = alice_api.post(BATCH, {"weight": str(weight.id), "dataset_version": str(image.version_id)})
    assert answer.json()["code"] == "inference.dataset_not_ready"


def test_things_of_other_people_do_not_exist(
    weight: WeightVersion, image: DatasetImage, bob: User, bob_api: APIClient
) -> None:
    assert bob_api.post(BATCH, {"weight": str(weight.id), "dataset_version": str(image.version_id)}).status_code == 404
    own = make_weight(bob)
    assert bob_api.post(BATCH, {"weight": str(own.id), "dataset_version": str(image.version_id)}).status_code == 404


def test_results_come_as_tables_once_the_run_has_completed(
    weight: WeightVersion, image: DatasetImage, alice_api: APIClient, bob_api: APIClient
) -> None:
    body = {"weight": str(weight.id), "dataset_version": str(image.version_id)}
    address = f"{JOBS}/{alice_api.post(BATCH, body).json()['id']}"
    early = alice_api.get(f"{address}/results")
    assert early.status_code == 404 and early.json()["code"] == "inference.no_results"
    finish(InferenceJob.objects.get())
    detail = alice_api.get(address).json()
    assert detail["state"] == "completed" and detail["result"]["classes"] == {"red": 1}
    table = alice_api.get(detail["results"]["csv"])
    assert table["Content-Type"] == "text/csv" and b"a.png,red" in b"".join(table.streaming_content)
    assert alice_api.get(detail["results"]["json"])["Content-Disposition"].startswith("attachment")
    assert alice_api.get(f"{address}/results?format=exe").status_code == 404
    assert bob_api.get(f"{address}/results").status_code == 404 and bob_api.get(address).status_code == 404


def test_a_weight_at_work_cannot_be_deleted_and_one_with_results_only_on_purpose(
    weight: WeightVersion, image: DatasetImage, alice_api: APIClient
) -> None:
    alice_api.post(BATCH, {"weight": str(weight.id), "dataset_version": str(image.version_id)})
    address = f"/api/v1/weights/{weight.id}"
    assert alice_api.delete(address + "?dependants=delete").json()["code"] == "weights.at_work"
    job = InferenceJob.objects.get()
    assert alice_api.delete(f"{JOBS}/{job.id}").json()["code"] == "inference.job_active"
    finish(job)
    assert alice_api.delete(address).status_code == 409
    assert alice_api.delete(address + "?dependants=delete").json()["dependants"] == 1
    assert not InferenceJob.objects.exists()


def test_the_list_of_jobs_costs_the_same_for_one_and_many(
    weight: WeightVersion, image: DatasetImage, alice: User, alice_api: APIClient, bob_api: APIClient
) -> None:
    body = {"weight": str(weight.id), "dataset_version": str(image.version_id)}
    alice_api.post(BATCH, body)
    counts = []
    for more in (0, 10):
        for _ in range(more):
            alice_api.post(BATCH, body)
        with CaptureQueriesContext(connection) as queries:
            assert len(alice_api.get(JOBS).json()["results"]) == 1 + more
        counts.append(len(queries))
    assert counts[0] == counts[1] == 1
    assert bob_api.get(JOBS).json()["results"] == []
    assert alice_api.get(JOBS, {"kind": "single"}).json()["results"] == []
    assert alice_api.get(JOBS, {"kind": "x"}).status_code == 400
