from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from ml_core.engine.checkpoint import list_checkpoints
from ml_core.run.cli import main
from ml_core.run.control import send_command
from ml_core.run.events import read_events
from ml_core.run.predictor import get_predictor
from ml_core.vision.detection.tests.shapes import CLASSES, Shapes, config_for


def _run(out: Path, recipe: str, config: dict[str, Any], *more: str) -> dict[str, Any]:
    path = out.parent / f"{out.name}.json"
    path.write_text(json.dumps(config))
    main([recipe, "--config", str(path), "--out", str(out), *more])
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


def _weights(out: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(out / "artifacts/weight/model.safetensors")


@pytest.fixture(scope="module")
def trained(shapes: Shapes, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("trained") / "run"
    return out, _run(out, "vision.detect", config_for(shapes, fit={"epochs": 20}))


def test_a_drawn_network_learns_to_find_shapes(trained: tuple[Path, dict[str, Any]]) -> None:
    out, result = trained
    assert result["state"] == "completed", result["error"]
    assert result["metrics"]["map50"] > 0.5
    assert {"map", "map75", "test_map"} <= set(result["metrics"])
    assert result["images"] == {"train": 40, "val": 12, "test": 6}  # the one in no file is left out
    assert result["input"] == "128 x 96"
    messages = [event["data"].get("message", "") for event in read_events(out / "events.jsonl")[0]]
    assert any("1 images have no label file" in message for message in messages)
    assert any("1 boxes are crowds" in message for message in messages)


def test_the_report_tells_of_every_object_once(trained: tuple[Path, dict[str, Any]], shapes: Shapes) -> None:
    out, result = trained
    tables = {
        name: json.loads((out / f"artifacts/val/{name}.json").read_text())
        for name in ("detection", "confusion", "worst_boxes", "predictions.coco")
    }
    objects = sum(shapes.imported.counts["classes"][label]["val"] for label in range(2))
    assert sum(map(sum, tables["confusion"]["matrix"][:2])) == objects
    detection = tables["detection"]
    assert [row["class"] for row in detection["rows"]] == CLASSES
    assert detection["scores"]["map50"] == pytest.approx(result["metrics"]["map50"])
    assert detection["scores"]["map_large"] is None  # no shape is so large
    assert len(detection["curves"][0]["precision"]) == 101
    assert result["threshold"] == detection["threshold"]
    for row in tables["worst_boxes"]["rows"]:
        kinds = [box["kind"] for box in row["boxes"]]
        assert kinds.count("missed") == row["missed"]
        assert kinds.count("right") == row["right"]
    assert {entry["category_id"] for entry in tables["predictions.coco"]["annotations"]} <= {1, 2}


def test_a_single_image_is_answered_in_its_own_pixels(trained: tuple[Path, dict[str, Any]], shapes: Shapes) -> None:
    out, _ = trained
    detector = get_predictor("vision.detect")()
    detector.load(out / "artifacts/weight", "cpu")
    item = next(item for item in shapes.imported.items if item.split == "val")
    content = (shapes.root / item.path).read_bytes()
    rows = detector.forward(torch.stack([detector.preprocess(content)] * 2))
    answer = detector.postprocess(rows[1])
    assert (answer["width"], answer["height"]) == (item.width, item.height)
    coco = json.loads((out / "artifacts/val/predictions.coco.json").read_text())
    image = next(entry["id"] for entry in coco["images"] if entry["file_name"] == item.path)
    best = max((a for a in coco["annotations"] if a["image_id"] == image), key=lambda entry: entry["score"])
    left, top, width, height = best["bbox"]
    # Rounding differs between batches by the last bits.
    assert answer["boxes"][0]["box"] == pytest.approx([left, top, left + width, top + height], abs=0.05)
    assert answer["boxes"][0]["probability"] == pytest.approx(best["score"], abs=1e-3)
    scores = [entry["probability"] for entry in answer["boxes"]]
    assert scores == sorted(scores, reverse=True)


def test_many_images_leave_three_tables(trained: tuple[Path, dict[str, Any]], shapes: Shapes, tmp_path: Path) -> None:
    root = tmp_path / "images"
    root.mkdir()
    for number in range(3):
        (root / f"{number}.png").write_bytes((shapes.root / f"val/{number}.png").read_bytes())
    (root / "broken.png").write_bytes(b"no image")
    config = {"weight": str(trained[0] / "artifacts/weight"), "root": str(root), "device": "cpu", "threads": 1}
    result = _run(tmp_path / "run", "vision.predict_boxes", config)
    assert result["metrics"]["images"] == 4
    assert result["metrics"]["failed"] == 1
    artifacts = tmp_path / "run/artifacts"
    with (artifacts / "predictions.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    entries = json.loads((artifacts / "predictions.json").read_text())
    coco = json.loads((artifacts / "predictions.coco.json").read_text())
    assert [row["path"] for row in rows if row["error"]] == ["broken.png"]
    boxes = sum(len(entry.get("boxes", ())) for entry in entries)
    assert boxes == len(rows) - 1 == len(coco["annotations"])
    assert len(coco["images"]) == 3
    likely = [box for one in entries for box in one.get("boxes", ()) if box["probability"] >= result["threshold"]]
    assert 0 < len(likely) == result["metrics"]["boxes"] < boxes


@pytest.mark.parametrize("detector", ["fcos", "retinanet", "ssd", "ssdlite", "fasterrcnn"])
def test_every_detector_trains_and_its_weight_answers(tmp_path: Path, shapes: Shapes, detector: str) -> None:
    config = config_for(shapes, detector=detector, fit={"epochs": 1, "max_steps": 3, "warmup_steps": 1})
    result = _run(tmp_path / "run", "vision.detect", config)
    assert result["state"] == "completed", result["error"]
    loaded = get_predictor("vision.detect")()
    loaded.load(tmp_path / "run/artifacts/weight", "cpu")
    content = (shapes.root / "val/0.png").read_bytes()
    assert loaded.postprocess(loaded.forward(loaded.preprocess(content)[None])[0])["width"] == 128


@pytest.mark.parametrize("detector", ["fcos", "fasterrcnn"])
def test_a_paused_training_ends_as_one_that_was_not(tmp_path: Path, shapes: Shapes, detector: str) -> None:
    config = config_for(
        shapes, detector=detector, mosaic=0.5, fit={"epochs": 1, "ema_decay": 0.9, "max_steps": 4, "warmup_steps": 1}
    )
    _run(tmp_path / "twin", "vision.detect", config)
    out = tmp_path / "run"
    out.mkdir()
    for identifier in range(1, 3):
        send_command(out, "pause", identifier)
        assert _run(out, "vision.detect", config, "--resume")["state"] == "paused"
    assert _run(out, "vision.detect", config, "--resume")["state"] == "completed"
    first, second = _weights(tmp_path / "twin"), _weights(out)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
def test_a_killed_training_ends_as_one_that_was_not(tmp_path: Path, shapes: Shapes) -> None:
    fit = {"epochs": 2, "ema_decay": 0.9, "checkpoint_every_steps": 1, "warmup_steps": 1}
    config = config_for(shapes, detector="ssdlite", mosaic=0.5, fit=fit)
    _run(tmp_path / "twin", "vision.detect", config)
    out, path = tmp_path / "run", tmp_path / "killed.json"
    path.write_text(json.dumps(config))
    command = [sys.executable, "-m", "ml_core", "vision.detect", "--config", str(path), "--out", str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as trainer:
        deadline = time.monotonic() + 120
        while len(list_checkpoints(out / "checkpoints")) < 2 and time.monotonic() < deadline:
            assert trainer.poll() is None
            time.sleep(0.05)
        trainer.kill()
    assert not (out / "result.json").exists()
    assert _run(out, "vision.detect", config, "--resume")["state"] == "completed"
    first, second = _weights(tmp_path / "twin"), _weights(out)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_detector_starts_from_a_classifier_of_the_same_backbone(tmp_path: Path, shapes: Shapes) -> None:
    config = config_for(shapes, fit={"epochs": 1, "max_steps": 1, "warmup_steps": 0})
    _run(tmp_path / "first", "vision.detect", config)
    weight = tmp_path / "first/artifacts/weight"
    body = "maps."
    tensors = {name.removeprefix(body): t for name, t in _weights(tmp_path / "first").items() if name.startswith(body)}
    assert "layer0.weight" in tensors
    safetensors.torch.save_file(tensors, weight / "model.safetensors")  # as a classifier has them
    result = _run(tmp_path / "second", "vision.detect", {**config, "initial_weights": str(weight)})
    assert result["state"] == "completed", result["error"]
    events, _ = read_events(tmp_path / "second/events.jsonl")
    told = next(e["data"]["message"] for e in events if "Started from given" in e["data"].get("message", ""))
    assert f": {len(tensors)} of" in told


def test_what_cannot_work_is_refused_with_a_cure(tmp_path: Path, shapes: Shapes) -> None:
    flat = config_for(shapes)["graph"]
    flat = json.loads(json.dumps(flat))
    for node in flat["nodes"]:
        if node["op"] == "Conv2d":
            node["params"]["stride"] = 1
    cases = [
        ({"graph": flat}, "graph.feature_maps"),
        ({"augment": [{"op": "RandAugment"}]}, "augment.no_boxes"),
        ({"data": {"version": "nowhere", "root": "nowhere"}}, "version.unreadable"),
    ]
    for number, (change, code) in enumerate(cases):
        result = _run(tmp_path / str(number), "vision.detect", config_for(shapes) | change)
        assert result["error"]["code"] == code
        assert result["error"]["hint"]
