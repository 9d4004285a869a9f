from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from ml_core.data.annotations.rle import decode_mask
from ml_core.engine.checkpoint import list_checkpoints
from ml_core.run.cli import main
from ml_core.run.control import send_command
from ml_core.run.events import read_events
from ml_core.run.predictor import get_predictor
from ml_core.vision.detection.tests import shapes as boxes
from ml_core.vision.segmentation.label_maps import label_png
from ml_core.vision.segmentation.metrics.image_score import score_image
from ml_core.vision.segmentation.metrics.summary import summarise
from ml_core.vision.segmentation.tests.shapes import CLASSES, HEIGHT, WIDTH, Shapes, config_for, drawn_segmenter
from ml_core.vision.segmentation.truth import LabelledImage, SemanticTruth

SHORT = {"epochs": 1, "max_steps": 3, "warmup_steps": 1}


def _run(out: Path, recipe: str, config: dict[str, Any], *more: str) -> dict[str, Any]:
    path = out.parent / f"{out.name}.json"
    path.write_text(json.dumps(config))
    main([recipe, "--config", str(path), "--out", str(out), *more])
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


def _weights(out: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(out / "artifacts/weight/model.safetensors")


def _answer(weight: Path, content: bytes) -> dict[str, Any]:
    network = get_predictor("vision.segment")()
    network.load(weight, "cpu")
    return network.postprocess(network.forward(torch.stack([network.preprocess(content)] * 2))[1])


@pytest.fixture(scope="module")
def trained(shapes: Shapes, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("trained") / "run"
    return out, _run(out, "vision.segment", config_for(shapes, fit={"epochs": 6}))


def test_a_drawn_backbone_learns_to_segment_shapes(trained: tuple[Path, dict[str, Any]]) -> None:
    out, result = trained
    assert result["state"] == "completed", result["error"]
    assert result["metrics"]["miou"] > 0.8
    assert {"pixel_accuracy", "boundary_f1", "test_miou"} <= set(result["metrics"])
    assert result["images"] == {"train": 40, "val": 12, "test": 6}
    assert result["input"] == "128 x 96"
    messages = [event["data"].get("message", "") for event in read_events(out / "events.jsonl")[0]]
    assert any("1 images have no label file" in message for message in messages)
    assert any("1 images have boxes without shapes" in message for message in messages)
    assert any("2 annotations are crowds" in message for message in messages)


def test_the_report_counts_every_known_pixel_once(trained: tuple[Path, dict[str, Any]], shapes: Shapes) -> None:
    out, result = trained
    tables = {
        name: json.loads((out / f"artifacts/val/{name}.json").read_text())
        for name in ("segmentation", "confusion", "worst_masks")
    }
    assert sum(map(sum, tables["confusion"]["matrix"])) == 12 * WIDTH * HEIGHT
    told = tables["segmentation"]
    assert [row["class"] for row in told["rows"]] == ["background", *CLASSES]
    assert told["scores"]["miou"] == pytest.approx(result["metrics"]["miou"])
    assert np.mean([row["iou"] for row in told["rows"]]) == pytest.approx(told["scores"]["miou"])
    assert [row["pixels"] for row in told["rows"]] == [sum(row) for row in tables["confusion"]["matrix"]]
    worst = tables["worst_masks"]["rows"]
    assert [row["miou"] for row in worst] == sorted(row["miou"] for row in worst)
    assert all(row["size"] == [HEIGHT, WIDTH] and row["wrong"] > 0 for row in worst)
    assert {entry["index"] for row in worst for entry in row["true"]} == {0, 1}


def test_a_single_image_is_answered_as_it_was_judged(trained: tuple[Path, dict[str, Any]], shapes: Shapes) -> None:
    out, _ = trained
    position, item = next((n, item) for n, item in enumerate(shapes.imported.items) if item.split == "val")
    answer = _answer(out / "artifacts/weight", (shapes.root / item.path).read_bytes())
    assert (answer["width"], answer["height"], answer["mask_size"]) == (WIDTH, HEIGHT, [HEIGHT, WIDTH])
    found = np.zeros((HEIGHT, WIDTH), dtype=np.int16)
    for mask in answer["masks"]:
        inside = decode_mask(HEIGHT, WIDTH, np.array(mask["counts"]))
        assert mask["share"] == pytest.approx(inside.mean(), abs=1e-6)
        assert mask["class"] == CLASSES[mask["index"]]
        found[inside] = mask["index"] + 1
    truth = SemanticTruth(shapes.version).paint(LabelledImage(item, position))
    own = summarise([score_image(0, truth, found, 3)], 3).scores["miou"]
    told = {
        row["path"]: row["miou"] for row in json.loads((out / "artifacts/val/worst_masks.json").read_text())["rows"]
    }
    assert own == pytest.approx(told[item.path], abs=1e-3)
    picture = Image.open(io.BytesIO(label_png(answer, len(CLASSES))))
    assert picture.mode == "P"
    assert (np.array(picture) == found).all()
    assert (np.array(Image.open(io.BytesIO(label_png(answer, 300)))) == found).all()


def test_the_canvas_is_taken_back_from_images_of_any_form(trained: tuple[Path, dict[str, Any]], shapes: Shapes) -> None:
    picture = Image.open(shapes.root / "val/0.png").resize((300, 411))
    content = io.BytesIO()
    picture.save(content, "PNG")
    answer = _answer(trained[0] / "artifacts/weight", content.getvalue())
    assert answer["mask_size"] == [411, 300]
    assert all(sum(mask["counts"]) == 300 * 411 for mask in answer["masks"])


@pytest.mark.parametrize("change", [{"decoder": "unet"}, {"decoder": "deeplab"}, {"graph": drawn_segmenter()},
                                    {"loss": "dice"}])  # fmt: skip
def test_every_network_trains_and_its_weight_answers(tmp_path: Path, shapes: Shapes, change: dict[str, Any]) -> None:
    result = _run(tmp_path / "run", "vision.segment", config_for(shapes, fit=SHORT, **change))
    assert result["state"] == "completed", result["error"]
    assert _answer(tmp_path / "run/artifacts/weight", (shapes.root / "val/0.png").read_bytes())["width"] == WIDTH


def test_a_paused_training_ends_as_one_that_was_not(tmp_path: Path, shapes: Shapes) -> None:
    augment = [{"op": "RandomResizedCrop"}, {"op": "RandomHorizontalFlip"}, {"op": "ColorJitter"}]
    config = config_for(shapes, augment=augment, fit={**SHORT, "ema_decay": 0.9, "max_steps": 4})
    _run(tmp_path / "twin", "vision.segment", config)
    out = tmp_path / "run"
    out.mkdir()
    for identifier in range(1, 3):
        send_command(out, "pause", identifier)
        assert _run(out, "vision.segment", config, "--resume")["state"] == "paused"
    assert _run(out, "vision.segment", config, "--resume")["state"] == "completed"
    first, second = _weights(tmp_path / "twin"), _weights(out)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
def test_a_killed_training_ends_as_one_that_was_not(tmp_path: Path, shapes: Shapes) -> None:
    fit = {"epochs": 2, "ema_decay": 0.9, "checkpoint_every_steps": 1, "warmup_steps": 1}
    config = config_for(shapes, decoder="unet", fit=fit)
    _run(tmp_path / "twin", "vision.segment", config)
    out, path = tmp_path / "run", tmp_path / "killed.json"
    path.write_text(json.dumps(config))
    command = [sys.executable, "-m", "ml_core", "vision.segment", "--config", str(path), "--out", str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as trainer:
        deadline = time.monotonic() + 120
        while len(list_checkpoints(out / "checkpoints")) < 2 and time.monotonic() < deadline:
            assert trainer.poll() is None
            time.sleep(0.05)
        trainer.kill()
    assert not (out / "result.json").exists()
    assert _run(out, "vision.segment", config, "--resume")["state"] == "completed"
    first, second = _weights(tmp_path / "twin"), _weights(out)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_segmentation_starts_from_a_classifier_of_the_same_backbone(tmp_path: Path, shapes: Shapes) -> None:
    config = config_for(shapes, fit={"epochs": 1, "max_steps": 1, "warmup_steps": 0})
    _run(tmp_path / "first", "vision.segment", config)
    weight, body = tmp_path / "first/artifacts/weight", "maps.body."
    tensors = {name.removeprefix(body): t for name, t in _weights(tmp_path / "first").items() if name.startswith(body)}
    safetensors.torch.save_file(tensors, weight / "model.safetensors")  # as a classifier has them
    result = _run(tmp_path / "second", "vision.segment", {**config, "initial_weights": str(weight)})
    assert result["state"] == "completed", result["error"]
    events, _ = read_events(tmp_path / "second/events.jsonl")
    told = next(e["data"]["message"] for e in events if "Started from given" in e["data"].get("message", ""))
    assert f": {len(tensors)} of" in told


def test_what_cannot_work_is_refused_with_a_cure(tmp_path: Path, shapes: Shapes) -> None:
    (tmp_path / "boxes").mkdir()
    only_boxes = boxes.make_shapes(tmp_path / "boxes")
    cases = [
        ({"graph": drawn_segmenter(classes=5)}, "graph.class_count"),
        ({"augment": [{"op": "RandAugment"}]}, "augment.no_boxes"),
        ({"data": {"version": str(only_boxes.version), "root": str(only_boxes.root)}}, "data.no_shapes"),
        ({"data": {"version": "nowhere", "root": "nowhere"}}, "version.unreadable"),
    ]
    for number, (change, code) in enumerate(cases):
        result = _run(tmp_path / str(number), "vision.segment", config_for(shapes) | change)
        assert result["error"]["code"] == code
        assert result["error"]["hint"]
