"""Two weights on one data set: asked for by page and API, shown with the disagreements first."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override
from rest_framework.test import APIClient

from cvstudio.accounts.models import User
from cvstudio.datasets.models import DatasetImage, DatasetVersion
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Artifact, Run, RunState
from cvstudio.runs.verdicts import verdict_of
from cvstudio.weights.models import Weight, WeightVersion
from cvstudio.weights.services.compare_weights import compared_versions
from cvstudio.weights.tests.makers import make_weight

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(alice: User) -> tuple[WeightVersion, WeightVersion, DatasetVersion]:
    first, second = make_weight(alice), make_weight(alice, "Other")
    data = first.dataset_version
    assert data is not None
    data.root = data.folder
    data.counts = {"splits": {"train": 4, "val": 0, "test": 2}}
    data.save()
    DatasetImage.objects.create(
        version=data, position=0, path="cat/<1>.png", label=0, split="test", width=8, height=4, format="PNG",
        mode="RGB", size_bytes=1, sha256="0" * 64,
    )  # fmt: skip
    return first, second, data


def asked(client: APIClient, first: Any, second: Any, data: DatasetVersion, **more: Any) -> Any:
    form = {"second": str(second), "dataset_version": str(data.id), **more}
    return client.post(f"/api/v1/weights/{first.id}/compare", form, format="json")


def test_a_comparison_is_a_run_with_both_weights_and_the_data(alice_api: APIClient, pair: Any) -> None:
    first, second, data = pair
    answer = asked(alice_api, first, second.id, data)
    assert answer.status_code == 202
    run = Run.objects.get(id=answer.json()["run"])
    assert run.recipe == "vision.compare" and run.dataset_version_id == data.id and run.config["split"] == "test"
    assert compared_versions(run) == [first, second]


def test_what_cannot_be_compared_is_refused(alice_api: APIClient, bob_api: APIClient, pair: Any) -> None:
    first, second, data = pair
    assert asked(alice_api, first, first.id, data).json()["code"] == "weights.compare_same"
    assert asked(alice_api, first, second.id, data, split="val").json()["code"] == "weights.compare_split"
    assert asked(alice_api, first, second.id, data, split="all").status_code == 400
    assert asked(alice_api, first, "noise", data).status_code == 400
    assert asked(bob_api, first, second.id, data).status_code == 404
    DatasetVersion.objects.filter(id=data.id).update(task="detect")
    assert asked(alice_api, first, second.id, data).json()["code"] == "weights.compare_data"
    Weight.objects.filter(id=second.weight_id).update(task="vision.detect")
    assert asked(alice_api, first, second.id, data).json()["code"] == "weights.compare_task"


def finished(run: Run, **more: Any) -> None:
    row = {"path": "cat/<1>.png", "width": 8, "height": 4, "class": "cat",
           "first": {"class": "cat", "probability": 0.9, "right": True},
           "second": {"class": "<script>dog", "probability": 0.8, "right": False}}  # fmt: skip
    table = {
        "task": "vision.classify", "split": "test", "unit": "images", "cases": 2, "unread": 0, "classes": ["cat"],
        "scores": {"accuracy": [1.0, 0.5]}, "table": {"both": 1, "first_only": 1, "second_only": 0, "neither": 0},
        "p_value": 1.0, "verdict": "as the recipe says it", "disagreements": 1, "rows": [row],
        "per_class": [{"class": "cat", "support": 2, "first": 1.0, "second": 0.5, "difference": -0.5}], **more,
    }  # fmt: skip
    path = run_folder(run.id) / "artifacts/comparison.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(table))
    Artifact.objects.get_or_create(run=run, path="artifacts/comparison.json", defaults={
        "name": "comparison.json", "media_type": "application/json", "size_bytes": path.stat().st_size,
        "sha256": "0" * 64})  # fmt: skip
    Run.objects.filter(id=run.id).update(state=RunState.COMPLETED)


def test_pages_ask_and_show_the_disagreements(alice: User, bob: User, pair: Any) -> None:
    first, second, data = pair
    client = Client()
    client.force_login(alice)
    assert f'value="{first.id}" selected' in client.get(f"/weights/compare?first={first.id}").content.decode()
    form = {"first": first.id, "second": second.id, "dataset_version": data.id, "split": "test"}
    answer = client.post("/weights/compare", form)
    run = Run.objects.get(recipe="vision.compare")
    address = f"/weights/comparisons/{run.id}"
    assert answer["Location"] == address
    assert "Both weights are being asked" in client.get(address).content.decode()
    finished(run)
    page = client.get(address).content.decode()
    assert "The first is right on 1 more image than the second. This may be chance (p = 1, McNemar" in page
    assert "cat/&lt;1&gt;.png" in page and "<script>dog" not in page
    assert f"/weights/{first.id}" in page and f"/weights/{second.id}" in page
    assert "Nowhere." in client.get(address + "?only=second").content.decode()
    assert "Show what came of it" in client.get(address, headers={"X-Poll": "true"}).content.decode()
    client.force_login(bob)
    assert client.get(address).status_code == 404


def test_the_verdict_is_in_the_language_of_the_reader(alice: User, alice_api: APIClient, pair: Any) -> None:
    first, second, data = pair
    run = Run.objects.get(id=asked(alice_api, first, second.id, data).json()["run"])
    table = {"both": 9, "first_only": 0, "second_only": 1200, "neither": 0}
    run.result = {"verdict": "English", "outcome": {"unit": "objects", "table": table, "p_value": 1e-9}}
    said = "The second is right on 1,200 more objects than the first. Chance alone seldom does that (p = 1e-09, McNemar"
    assert verdict_of(run).startswith(said)
    with override("zh-hans"):
        assert "1,200" in verdict_of(run) and "objects" not in verdict_of(run)
    run.result = {"verdict": "English"}
    assert verdict_of(run) == "English"


def test_boxes_are_drawn_over_both_sides(alice: User, alice_api: APIClient, pair: Any) -> None:
    first, second, data = pair
    run = Run.objects.get(id=asked(alice_api, first, second.id, data).json()["run"])
    box = {"box": [1.0, 1.0, 4.0, 3.0], "class": 0, "kind": "missed", "score": None}
    side = {"right": 0, "wrong_class": 0, "missed": 1, "false_alarms": 0, "boxes": [box]}
    finished(run, rows=[{"path": "cat/<1>.png", "width": 8, "height": 4, "first": side, "second": side}])
    client = Client()
    client.force_login(alice)
    page = client.get(f"/weights/comparisons/{run.id}").content.decode()
    assert page.count('<rect class="found-missed" x="1.0" y="1.0" width="3.0" height="2.0">') == 2


def test_no_data_no_comparison(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    assert "Two weights and a data set are needed" in client.get("/weights/compare").content.decode()
    assert client.post("/weights/compare", {"first": "x"}).status_code == 404
