"""Answers of a batch by page, class and probability; their pictures and videos; tables of what was chosen."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image
from rest_framework.test import APIClient

from cvstudio.accounts.models import User
from cvstudio.inference.models import InferenceJob
from cvstudio.inference.tests.makers import answer_batch, picture
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Artifact, Run
from cvstudio.runs.services.create_run import create_run
from cvstudio.weights.models import WeightVersion
from ml_core.vision.batch.places import preview_path

pytestmark = pytest.mark.django_db
JOBS = "/api/v1/inference/jobs"


def _box(index: int, probability: float) -> dict[str, Any]:
    name = ("disc", "=square")[index]
    return {"box": [1.0, 2.0, 5.0, 7.0], "class": name, "index": index, "probability": probability}


def _record(path: str, *boxes: tuple[int, float], **more: Any) -> dict[str, Any]:
    return {"path": path, "boxes": [_box(*box) for box in boxes], "width": 12, "height": 8, **more}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", "b.png", "c.png"):
        (folder / name).write_bytes(picture())
    (folder / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(range(200)))
    return folder


@pytest.fixture
def job(alice: User, weight: WeightVersion, root: Path) -> InferenceJob:
    """Three images, one of which cannot be read, and three frames of a video."""
    weight.weight.task = "vision.detect"
    weight.weight.save()
    WeightVersion.objects.filter(id=weight.id).update(classes=["disc", "=square"])
    run: Run = create_run(owner=alice, recipe="vision.predict_boxes", config={"weight": "w", "root": str(root)})
    error = {"code": "image.damaged", "message": "Damaged.", "hint": "", "where": "c.png"}
    frames = [_record("clip.mp4", (0, 0.4 + number / 10), frame=5 * number, time_s=number / 2) for number in range(3)]
    records = [
        _record("a.png", (0, 0.9), (1, 0.3)), _record("b.png", (1, 0.2)), {"path": "c.png", "error": error}, *frames,
    ]  # fmt: skip
    videos = [{"path": "clip.mp4", "first": 3, "frames": 3}]
    answer_batch(run, records, ["disc", "=square"], videos=videos)
    shown = preview_path(run_folder(run.id), "clip.mp4", 5)
    shown.parent.mkdir(parents=True)
    Image.new("RGB", (20, 10)).save(shown, "JPEG")
    return InferenceJob.objects.create(owner=alice, kind="batch", weight_version=weight, run=run)


@pytest.mark.parametrize(
    ("wish", "numbers"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"show": "found", "threshold": 0.5}, [0, 4, 5]),
        ({"show": "found", "threshold": 0.25, "classes": "1"}, [0]),
        ({"show": "nothing", "threshold": 0.5}, [1, 3]),
        ({"show": "failed"}, [2]),
        ({"classes": [0]}, [0, 3, 4, 5]),
        ({"video": 0}, [3, 4, 5]),
        ({"unsure_first": True, "show": "found"}, [4, 3, 5, 1, 0]),
        ({"page_size": 4, "page": 2}, [4, 5]),
        ({"page": 99}, []),
    ],
)
def test_answers_are_found(alice_api: APIClient, job: InferenceJob, wish: dict[str, Any], numbers: list[int]) -> None:
    answer = alice_api.get(f"{JOBS}/{job.id}/answers", wish)
    assert answer.status_code == 200, answer.json()
    assert [one["number"] for one in answer.json()["results"]] == numbers


@pytest.mark.parametrize(
    "wish",
    [{"threshold": 2}, {"threshold": "x"}, {"classes": "a"}, {"classes": "-1"}, {"show": "x"}, {"page": 0},
     {"page_size": 10**6}, {"video": -1}, {"threshold": "nan"}],
)  # fmt: skip
def test_wishes_out_of_bounds_are_refused(alice_api: APIClient, job: InferenceJob, wish: dict[str, Any]) -> None:
    assert alice_api.get(f"{JOBS}/{job.id}/answers", wish).status_code == 400


def test_pictures_come_small_and_frames_from_what_was_kept(alice_api: APIClient, job: InferenceJob) -> None:
    address = alice_api.get(f"{JOBS}/{job.id}/answers").json()["results"][0]["picture"]
    for number, size in ((0, (12, 8)), (4, (20, 10))):
        answer = alice_api.get(address.replace("/0/", f"/{number}/"), {"size": 160})
        assert Image.open(io.BytesIO(answer.content)).size == size
        assert answer.headers["Content-Type"] == "image/jpeg"
    for wrong in ("7", "x", "99999999"):
        assert alice_api.get(address, {"size": wrong}).status_code == 400
    assert alice_api.get(address.replace("/0/", "/6/")).json()["code"] == "inference.no_results"
    assert alice_api.get(address.replace("/0/", "/3/")).status_code == 404  # the kept frame is gone


def test_what_took_the_place_of_a_picture_is_not_shown(alice_api: APIClient, job: InferenceJob, root: Path) -> None:
    (root / "a.png").unlink()
    (root / "a.png").symlink_to("/etc/hostname")
    address = f"{JOBS}/{job.id}/answers/0/picture"
    assert alice_api.get(address).status_code == 404
    (root / "a.png").unlink()
    assert alice_api.get(address).json()["code"] == "inference.no_results"


def test_a_video_is_played_from_any_place(alice_api: APIClient, job: InferenceJob, root: Path) -> None:
    content = (root / "clip.mp4").read_bytes()
    address = f"{JOBS}/{job.id}/videos/0"
    whole = alice_api.get(address)
    assert whole.headers["Content-Type"] == "video/mp4" and b"".join(whole.streaming_content) == content
    for asked, begin, end in (("bytes=10-19", 10, 20), ("bytes=200-", 200, 212), ("bytes=-5", 207, 212)):
        part = alice_api.get(address, HTTP_RANGE=asked)
        assert part.status_code == 206 and b"".join(part.streaming_content) == content[begin:end]
        assert part.headers["Content-Range"] == f"bytes {begin}-{end - 1}/212"
    for odd in ("bytes=999-", "bytes=5-2", "bytes=-", "bytes=0-1,4-5", "x"):
        assert alice_api.get(address, HTTP_RANGE=odd).status_code == 200
    assert alice_api.get(f"{JOBS}/{job.id}/videos/1").status_code == 404


def test_the_timeline_counts_what_was_found_in_each_frame(alice_api: APIClient, job: InferenceJob) -> None:
    answer = alice_api.get(f"{JOBS}/{job.id}/timeline", {"video": 0, "threshold": 0.5}).json()
    assert answer == {"first": 3, "times": [0.0, 0.5, 1.0], "counts": [0, 1, 1]}
    assert alice_api.get(f"{JOBS}/{job.id}/timeline", {"video": 3}).status_code == 404


def test_tables_hold_what_was_chosen(alice_api: APIClient, job: InferenceJob) -> None:
    address = f"{JOBS}/{job.id}/results"

    def text(**chosen: Any) -> str:
        return b"".join(alice_api.get(address, chosen).streaming_content).decode()

    rows = list(csv.DictReader(io.StringIO(text(format="csv", threshold=0.25, classes="1"))))
    assert [(row["path"], row["class"], row["error"]) for row in rows] == [
        ("a.png", "'=square", ""), ("c.png", "", "Damaged."),
    ]  # fmt: skip
    assert len(json.loads(text(format="json", threshold=0.5))[3]["boxes"]) == 0
    coco = json.loads(text(format="coco.json", threshold=0.5))
    assert len(coco["images"]) == 5 and len(coco["annotations"]) == 3
    assert coco["images"][2]["file_name"] == "clip.mp4/000000.jpg"
    assert not list(run_folder(job.run_id or "").glob(".sifted-*"))


def test_pictures_are_drawn_by_a_run_with_what_was_chosen(
    alice: User, alice_api: APIClient, job: InferenceJob, root: Path
) -> None:
    answer = alice_api.post(f"{JOBS}/{job.id}/pictures", {"threshold": 0.5, "classes": [1]})
    assert answer.status_code == 202, answer.json()
    run = Run.objects.get(id=answer.json()["run"])
    assert (run.recipe, run.config["threshold"], run.config["classes"]) == ("vision.draw", 0.5, ["=square"])
    assert run.config["root"] == str(root) and Path(run.config["answers"]).is_file()
    Artifact.objects.create(run=run, name="pictures.zip", path="artifacts/pictures.zip", size_bytes=5, sha256="0" * 64)
    pages = Client()
    pages.force_login(alice)
    part = pages.get(f"/inference/jobs/{job.id}/pictures").content.decode()
    assert "pictures.zip" in part and "from 50" in part and "data-poll" in part
    pages.post(f"/inference/jobs/{job.id}/pictures", {"threshold": "0.25", "classes": ["0", "x", "9" * 5000]})
    newest = Run.objects.filter(recipe="vision.draw").latest("created_at")
    assert (newest.config["threshold"], newest.config["classes"]) == (0.25, ["disc"])
    assert alice_api.post(f"{JOBS}/{job.id}/pictures", {"threshold": 7}).status_code == 400


def test_a_name_that_is_no_utf8_is_told_and_its_picture_shown(
    alice: User, alice_api: APIClient, weight: WeightVersion, root: Path
) -> None:
    name = os.fsdecode(b"\xff.png")
    (root / name).write_bytes(picture())
    run: Run = create_run(owner=alice, recipe="vision.predict", config={"weight": "w", "root": str(root)})
    error = {"code": "image.damaged", "message": "Damaged.", "hint": "", "where": name}
    top = [{"class": "red", "index": 0, "probability": 0.5}]
    answer_batch(run, [{"path": name, "top": top}, {"path": name, "error": error}], ["red"])
    job = InferenceJob.objects.create(owner=alice, kind="batch", weight_version=weight, run=run)
    good, bad = alice_api.get(f"{JOBS}/{job.id}/answers").json()["results"]
    assert good["path"] == "\\udcff.png" == bad["error"]["where"]
    assert alice_api.get(good["picture"]).status_code == 200


def test_strangers_see_nothing_of_it(bob_api: APIClient, job: InferenceJob) -> None:
    for path in ("answers", "answers/0/picture", "timeline", "videos/0", "results?threshold=0.5"):
        assert bob_api.get(f"{JOBS}/{job.id}/{path}").status_code == 404
