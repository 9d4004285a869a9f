from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from PIL import Image

from ml_core.run.cli import main
from ml_core.run.control import send_command
from ml_core.run.events import read_events
from ml_core.vision.tests.pictures import CLASSES, Pictures, chain, config_for, small_net

# Python 3.12 warns of every fork beside threads; the data loader's children only decode.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def _train(out: Path, config: dict[str, Any], *more: str) -> dict[str, Any]:
    path = out.parent / f"{out.name}.json"
    path.write_text(json.dumps(config))
    main(["vision.classify", "--config", str(path), "--out", str(out), *more])
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


def _weights(out: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(out / "artifacts/weight/model.safetensors")


def test_a_training_leaves_metrics_reports_and_a_weight_folder(out: Path, pictures: Pictures) -> None:
    result = _train(out, config_for(pictures, fit={"epochs": 8}))
    assert result["state"] == "completed", result["error"]
    assert result["metrics"]["accuracy"] > 0.8
    assert {"loss", "accuracy", "macro_f1", "test_accuracy"} <= set(result["metrics"])
    weight = out / result["weight"]["path"]
    facts = json.loads((weight / "weight.json").read_text())
    assert facts["classes"] == CLASSES
    assert facts["preprocessing"]["size"] == [16, 16]
    assert facts["parameters"] == sum(
        t.numel() for n, t in _weights(out).items() if "running" not in n and "num_" not in n
    )
    assert "class Model" in (weight / "model.py").read_text()
    confusion = json.loads((out / "artifacts/val/confusion.json").read_text())
    assert sum(map(sum, confusion["matrix"])) == 18
    with (out / "artifacts/test/predictions.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 15
    assert {row["class"] for row in rows} == {"blue", "green", "'=red"}
    hits = sum(int(row["correct"]) for row in rows)
    assert hits / 15 == pytest.approx(result["metrics"]["test_accuracy"])
    worst = json.loads((out / "artifacts/val/worst.json").read_text())["rows"]
    assert [row["loss"] for row in worst] == sorted((row["loss"] for row in worst), reverse=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"cache_mib": 0}},
        {"fit": {"workers": 2}},
        {"data": {"cache_mib": 0}, "fit": {"workers": 1}},
    ],
)
def test_caching_and_workers_do_not_change_the_result(tmp_path: Path, pictures: Pictures, changes: Any) -> None:
    ops = [{"op": "RandomResizedCrop"}, {"op": "RandomHorizontalFlip"}, {"op": "RandomErasing"}]
    config = config_for(pictures, augment=ops)
    _train(tmp_path / "plain", config)
    data = {**config["data"], **changes.get("data", {})}
    other = config_for(pictures, augment=ops, fit=changes.get("fit", {})) | {"data": data}
    _train(tmp_path / "other", other)
    first, second = _weights(tmp_path / "plain"), _weights(tmp_path / "other")
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_paused_training_ends_as_one_that_was_not(tmp_path: Path, pictures: Pictures) -> None:
    config = config_for(pictures)
    _train(tmp_path / "twin", config)
    out = tmp_path / "run"
    out.mkdir()
    for identifier in range(1, 4):
        send_command(out, "pause", identifier)
        assert _train(out, config, "--resume")["state"] == "paused"
    assert _train(out, config, "--resume")["state"] == "completed"
    first, second = _weights(tmp_path / "twin"), _weights(out)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_fine_tuning_starts_from_what_fits(tmp_path: Path, pictures: Pictures) -> None:
    _train(tmp_path / "first", config_for(pictures))
    config = config_for(pictures, initial_weights=str(tmp_path / "first/artifacts/weight"))
    config["graph"] = small_net()
    result = _train(tmp_path / "second", config)
    assert result["state"] == "completed"
    events, _ = read_events(tmp_path / "second/events.jsonl")
    assert any("Started from given weights" in event["data"].get("message", "") for event in events)
    nothing = chain([3, 16, 16], ("Flatten", {}), ("Linear", {"out_features": 3}))
    result = _train(tmp_path / "third", config | {"graph": nothing})
    assert result["error"]["where"] == "initial_weights"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"graph": small_net(classes=4)}, "graph.class_count"),
        ({"graph": small_net(channels=2)}, "graph.input_shape"),
        ({"input": {"resize": 8}}, "config.invalid"),
        ({"input": {"mean": [0.5], "std": [0.5]}}, "config.invalid"),
        ({"data": {"version": "nowhere", "root": "nowhere"}}, "version.unreadable"),
    ],
)
def test_what_cannot_work_is_refused_with_a_cure(out: Path, pictures: Pictures, change: Any, code: str) -> None:
    result = _train(out, config_for(pictures) | change)
    assert result["state"] == "failed"
    assert result["error"]["code"] == code
    assert result["error"]["hint"]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_image_is_named(tmp_path: Path, pictures: Pictures, workers: int) -> None:
    root = tmp_path / "images"
    for item in pictures.items:
        path = root / item.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((pictures.root / item.path).read_bytes())
    broken = root / "train/1/3.png"
    broken.write_bytes(broken.read_bytes()[:60])
    data = {"version": str(pictures.version), "root": str(root), "cache_mib": 0}
    result = _train(tmp_path / "run", config_for(pictures, fit={"workers": workers}) | {"data": data})
    assert (result["state"], result["cause"], result["error"]["where"]) == ("failed", "data", "3.png")
    assert str(tmp_path) not in json.dumps(result["error"])


def test_a_grey_network_takes_colour_pictures(out: Path, pictures: Pictures) -> None:
    result = _train(out, config_for(pictures, graph=small_net(channels=1), fit={"epochs": 1}))
    assert result["state"] == "completed", result["error"]
    facts = json.loads((out / "artifacts/weight/weight.json").read_text())
    assert facts["preprocessing"]["mode"] == "L"
    assert Image.open(pictures.root / pictures.items[0].path).mode == "RGB"


def test_a_loss_that_is_no_number_names_the_images(tmp_path: Path, pictures: Pictures) -> None:
    _train(tmp_path / "first", config_for(pictures, fit={"epochs": 1}))
    weight = tmp_path / "first/artifacts/weight"
    tensors = _weights(tmp_path / "first")
    tensors["layer0.weight"].view(-1)[0] = float("nan")
    safetensors.torch.save_file(tensors, weight / "model.safetensors")
    result = _train(tmp_path / "run", config_for(pictures, initial_weights=str(weight)))
    assert result["error"]["code"] == "train.non_finite_loss"
    assert result["error"]["where"] == "epoch 1, step 1, batch 0"
    assert "train/" in result["error"]["hint"]
