"""Preflight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cvstudio.datasets.models import DatasetImage
from cvstudio.runs.models import Run
from cvstudio.training.services import check_resources, probe_speed
from cvstudio.training.services.probe_speed import run_probe
from cvstudio.training.tests.makers import make_architecture

pytestmark = pytest.mark.django_db

URL = "/api/v1/training/preflight"
MEASURED = {
    "device": "cpu",
    "device_name": "",
    "threads": 2,
    "step_s": 0.5,
    "decode_s": 0.01,
    "cache_bytes": 1000,
    "memory_bytes": 5 * 10**8,
    "available_bytes": 10**10,
}


def check(report: dict[str, Any], code: str) -> dict[str, Any]:
    return next(found for found in report["checks"] if found["code"] == code)


def test_a_good_plan_has_only_green_findings_and_an_estimate(alice_api: Any, plan: Any) -> None:
    report = alice_api.post(URL, plan).json()
    assert (report["blocked"], report["asks"]) == (False, [])
    assert report["estimate"]["memory_bytes"] > 0 and not report["estimate"]["is_measured"]
    assert "12 images to train, 4 to validate" in check(report, "preflight.data")["message"]


def test_the_cost_of_the_network_is_that_of_one_image(alice_api: Any, plan: Any) -> None:
    costs = []
    for batch_size in (4, 8):
        plan["config"]["fit"]["batch_size"] = batch_size
        costs.append(check(alice_api.post(URL, plan).json(), "preflight.network")["message"])
    assert costs[0] == costs[1]


def test_a_wrong_number_of_outputs_blocks_and_names_the_layer(alice: Any, alice_api: Any, plan: Any) -> None:
    plan["architecture"] = str(make_architecture(alice, classes=10).architecture_id)
    report = alice_api.post(URL, plan).json()
    found = check(report, "preflight.class_count")
    assert report["blocked"] and found["level"] == "red"
    assert found["message"] == "The network ends with 10 outputs but the data set has 2 classes."
    assert found["where"] and f"Set the number of outputs of {found['where']} to 2." == found["hint"]


def test_an_input_that_is_no_image_blocks(alice: Any, alice_api: Any, plan: Any) -> None:
    plan["architecture"] = str(make_architecture(alice, shape=(5, 16, 16)).architecture_id)
    found = check(alice_api.post(URL, plan).json(), "preflight.channels")
    assert found["level"] == "red" and "[3, height, width]" in found["hint"]


def test_a_graph_with_faults_blocks_with_the_faults_themselves(alice_api: Any, plan: Any, plain: Any) -> None:
    plain.document["edges"] = plain.document["edges"][1:]
    plain.save()
    report = alice_api.post(URL, plan).json()
    assert report["blocked"] and all(found["hint"] for found in report["checks"] if found["level"] == "red")


@pytest.mark.parametrize(
    ("counts", "code", "level"),
    [
        ({"splits": {"train": 0, "val": 2}}, "preflight.no_training_images", "red"),
        ({"splits": {"train": 2, "val": 0}}, "preflight.no_validation", "yellow"),
        ({"classes": [{"train": 0}, {"train": 3}]}, "preflight.empty_class", "yellow"),
        ({"rejected": 1, "images": 100}, "preflight.unreadable", "ok"),
        ({"rejected": 30, "images": 100}, "preflight.unreadable", "yellow"),
    ],
)
def test_faults_of_the_data_are_found(
    alice_api: Any, plan: Any, squares: Any, counts: dict[str, Any], code: str, level: str
) -> None:
    squares.counts |= counts
    squares.save()
    found = check(alice_api.post(URL, plan).json(), code)
    assert (found["level"], bool(found["hint"])) == (level, True)


def test_data_that_are_not_imported_yet_block(alice_api: Any, plan: Any, squares: Any) -> None:
    squares.state = "importing"
    squares.save()
    assert check(alice_api.post(URL, plan).json(), "preflight.not_ready")["level"] == "red"


def test_images_that_have_gone_since_the_import_block(alice_api: Any, plan: Any, squares: Any) -> None:
    names = sorted(path.relative_to(squares.root).as_posix() for path in Path(squares.root).rglob("*.png"))
    DatasetImage.objects.bulk_create(
        DatasetImage(
            version=squares, position=position, path=name, label=0, split="train", width=16, height=16, format="PNG",
            mode="RGB", size_bytes=1, sha256="",
        )
        for position, name in enumerate(names)
    )  # fmt: skip
    assert not alice_api.post(URL, plan).json()["blocked"]
    (Path(squares.root) / names[3]).unlink()
    found = check(alice_api.post(URL, plan).json(), "preflight.files_gone")
    assert (found["level"], found["where"]) == ("red", names[3])


def test_one_class_blocks(alice_api: Any, plan: Any, squares: Any) -> None:
    squares.classes = ["only"]
    squares.save()
    assert check(alice_api.post(URL, plan).json(), "preflight.one_class")["level"] == "red"


def test_a_network_larger_than_the_memory_blocks(alice_api: Any, plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_resources, "BASE_BYTES", 10**15)
    found = check(alice_api.post(URL, plan).json(), "preflight.memory")
    assert found["level"] == "red" and "fit.batch_size" in found["hint"]


def test_checkpoints_larger_than_the_disk_block(alice_api: Any, plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(100, 99, 1))
    assert check(alice_api.post(URL, plan).json(), "preflight.disk")["level"] == "red"


def test_a_measurement_gives_the_time_and_is_remembered(
    alice_api: Any, plan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(probe_speed, "_ask_worker", lambda plan: asked.append(plan) or MEASURED)
    plan["config"]["fit"]["epochs"] = 10
    report = alice_api.post(URL, {**plan, "measure": True}).json()
    # 3 batches of training, a third of a batch of validation, 0.5 s each, 10 epochs; 16 images decoded once.
    assert report["estimate"]["seconds"] == pytest.approx(10 * (3 + 1 / 3) * 0.5 + 16 * 0.01 / 2)
    assert alice_api.post(URL, plan).json()["estimate"]["is_measured"]
    assert len(asked) == 1


def test_a_long_training_asks(alice_api: Any, plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_speed, "_ask_worker", lambda plan: {**MEASURED, "step_s": 100_000.0})
    report = alice_api.post(URL, {**plan, "measure": True}).json()
    assert report["asks"] == ["preflight.long"]


def test_what_ends_the_probe_would_end_the_training_and_blocks(
    alice_api: Any, plan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = {"code": "device.out_of_memory", "message": "Too little.", "hint": "Halve it.", "where": "fit.batch_size"}
    monkeypatch.setattr(probe_speed, "_ask_worker", lambda plan: {"error": error})
    report = alice_api.post(URL, {**plan, "measure": True}).json()
    assert check(report, "device.out_of_memory")["level"] == "red"


@pytest.mark.slow
@pytest.mark.process
def test_the_probe_measures_the_real_configuration(alice: Any, squares: Any, plain: Any) -> None:
    from cvstudio.training.plan import Plan

    fit = {"batch_size": 4, "device": "cpu"}
    measured = run_probe("vision.classify", Plan(alice, squares, plain, {"fit": fit}).config())
    assert measured["device"] == "cpu" and 0 < measured["step_s"] < 5
    assert measured["memory_bytes"] > 10**8
    refused = run_probe("vision.classify", Plan(alice, squares, plain, {"fit": {"device": "cuda:99"}}).config())
    assert refused["error"]["code"] == "device.unavailable"


def test_without_a_worker_the_static_checks_stand_alone(
    alice_api: Any, plan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_speed, "WAIT_S", 0.1)
    report = alice_api.post(URL, {**plan, "measure": True}).json()
    assert not report["blocked"] and not report["estimate"]["is_measured"]
    assert not Run.objects.exists()
