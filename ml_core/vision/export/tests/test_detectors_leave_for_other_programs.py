from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ml_core.run.cli import main
from ml_core.run.predictor import get_predictor
from ml_core.vision.detection.tests.shapes import Shapes, config_for, make_shapes
from ml_core.vision.export.box_parity import compare_boxes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Shapes:
    return make_shapes(tmp_path_factory.mktemp("shapes"))


def train(folder: Path, shapes: Shapes, **changes: Any) -> Path:
    (folder / "config.json").write_text(json.dumps(config_for(shapes, **changes)))
    assert main(["vision.detect", "--config", str(folder / "config.json"), "--out", str(folder / "run")]) == 0
    return folder / "run/artifacts/weight"


def export(weight: Path, shapes: Shapes, out: Path) -> Path:
    config = {
        "weight": str(weight),
        "version": str(shapes.version),
        "root": str(shapes.root),
        "images": 8,
        "threads": 1,
    }
    (out.parent / "export.json").write_text(json.dumps(config))
    assert main(["vision.export", "--config", str(out.parent / "export.json"), "--out", str(out)]) == 0
    return out / "artifacts"


@pytest.fixture(scope="module")
def weight(tmp_path_factory: pytest.TempPathFactory, shapes: Shapes) -> Path:
    torch.set_num_threads(1)
    return train(tmp_path_factory.mktemp("trained"), shapes, fit={"epochs": 20})


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, weight: Path, shapes: Shapes) -> Path:
    return export(weight, shapes, tmp_path_factory.mktemp("exported") / "run")


def test_both_formats_find_the_same_boxes_on_held_out_images(exported: Path) -> None:
    report = json.loads((exported / "parity.json").read_text())
    assert (report["compared_on"], report["images"]) == ("images of the data set", 8)
    for facts in report["formats"].values():
        assert facts["is_proved"], facts["verdict"]
        assert facts["matched"] == facts["boxes"] > 0
        assert facts["added"] == 0
        assert facts["largest_shift"] < 0.01
        assert facts["largest_difference"] < 1e-4
        assert "boxes are found again" in facts["verdict"]


def test_the_zip_finds_by_itself_what_the_platform_finds(
    exported: Path, weight: Path, shapes: Shapes, tmp_path: Path
) -> None:
    with zipfile.ZipFile(exported / "export.zip") as archive:
        archive.extractall(tmp_path)
    contract = json.loads((tmp_path / "preprocessing.json").read_text())
    assert contract["input"]["shape"] == ["batch", 3, 96, 128]
    assert contract["output"]["columns"][-1] == "class"
    assert contract["suppression"]["overlap"] == 0.5
    (tmp_path / "torch.py").write_text("raise ImportError('the program needs no torch')")
    shown = [shapes.root / item.path for item in shapes.imported.items if item.split == "test"]
    command = [sys.executable, str(tmp_path / "predict.py"), "--json", "--threshold", "0.3", *map(str, shown)]
    told = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": ""})
    assert told.returncode == 0, told.stderr
    detector = get_predictor("vision.detect")()
    detector.load(weight, "cpu")
    boxes = 0
    for path, line in zip(shown, told.stdout.splitlines(), strict=True):
        answer = detector.postprocess(detector.forward(detector.preprocess(path.read_bytes())[None])[0])
        ours = [box for box in answer["boxes"] if box["probability"] >= 0.3]
        theirs = json.loads(line)["boxes"]
        assert [one["class"] for one in theirs] == [one["class"] for one in ours]
        for one, other in zip(theirs, ours, strict=True):
            assert one["box"] == pytest.approx(other["box"], abs=0.5)
            assert one["probability"] == pytest.approx(other["probability"], abs=0.01)
        boxes += len(ours)
    assert boxes > 0


@pytest.mark.parametrize("detector", ["retinanet", "ssd", "ssdlite", "fasterrcnn"])
def test_every_detector_can_be_written(tmp_path: Path, shapes: Shapes, detector: str) -> None:
    weight = train(tmp_path, shapes, detector=detector, fit={"epochs": 2})
    artifacts = export(weight, shapes, tmp_path / "export")
    report = json.loads((artifacts / "parity.json").read_text())
    for facts in report["formats"].values():
        assert facts["is_proved"], facts
    with zipfile.ZipFile(artifacts / "export.zip") as archive:
        contract = json.loads(archive.read("preprocessing.json"))
    assert contract["input"]["shape"][0] == (1 if detector == "fasterrcnn" else "batch")


def test_a_moved_box_and_a_lost_one_are_told() -> None:
    rows = np.zeros((4, 3, 6), np.float32)
    rows[:, :, :5] = [[0, 0, 20, 20, 0.9], [40, 40, 60, 60, 0.8], [0, 40, 20, 60, 0.01]]
    other = rows.copy()
    other[1, 0, 0] += 0.5
    other[2, 1, 5] = 1

    def asks(answers: Any) -> Any:
        return lambda pixels: answers[pixels[:, 0, 0, 0].numpy()]

    pixels = torch.arange(4, dtype=torch.uint8).reshape(4, 1, 1, 1).expand(4, 3, 4, 4)
    parity = compare_boxes(asks(rows), asks(other), nn.Identity(), pixels, 10, 4)
    assert (parity.boxes, parity.matched, parity.added) == (8, 7, 1)
    assert parity.largest_shift == pytest.approx(0.5)
    assert not parity.is_proved
    assert compare_boxes(asks(rows), asks(rows), nn.Identity(), pixels, 10, 1).is_proved
