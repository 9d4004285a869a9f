from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_core.data.annotations.rle import decode_mask
from ml_core.run.cli import main
from ml_core.run.predictor import get_predictor
from ml_core.vision.segmentation.tests.shapes import Shapes, config_for, make_shapes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Shapes:
    return make_shapes(tmp_path_factory.mktemp("shapes"))


def run(out: Path, recipe: str, config: object) -> None:
    (out.parent / f"{out.name}.json").write_text(json.dumps(config))
    assert main([recipe, "--config", str(out.parent / f"{out.name}.json"), "--out", str(out)]) == 0


def test_a_segmentation_is_proved_and_its_program_tells_the_same_pixels(tmp_path: Path, shapes: Shapes) -> None:
    run(tmp_path / "trained", "vision.segment", config_for(shapes, fit={"epochs": 3}))
    weight = tmp_path / "trained/artifacts/weight"
    wish = {"weight": str(weight), "version": str(shapes.version), "root": str(shapes.root), "images": 6, "threads": 1}
    run(tmp_path / "exported", "vision.export", wish)
    report = json.loads((tmp_path / "exported/artifacts/parity.json").read_text())
    assert set(report["formats"]) == {"onnx", "torch_export"}
    for facts in report["formats"].values():
        assert facts["is_proved"], facts
        assert facts["same_class"] > 0.9999
    with zipfile.ZipFile(tmp_path / "exported/artifacts/export.zip") as archive:
        archive.extractall(tmp_path / "package")
    (tmp_path / "package/torch.py").write_text("raise ImportError('the program needs no torch')")
    picture = tmp_path / "picture.png"
    Image.open(shapes.root / "test/0.png").resize((200, 90)).save(picture)
    told = subprocess.run(
        [sys.executable, str(tmp_path / "package/predict.py"), str(picture)],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    theirs = np.array(Image.open(tmp_path / "picture.classes.png"))
    network = get_predictor("vision.segment")()
    network.load(weight, "cpu")
    answer = network.postprocess(network.forward(network.preprocess(picture.read_bytes())[None])[0])
    ours = np.zeros((90, 200), dtype=np.uint8)
    for mask in answer["masks"]:
        ours[decode_mask(90, 200, np.array(mask["counts"]))] = mask["index"] + 1
    assert np.mean(theirs == ours) > 0.99  # two programs scale pictures a little differently
    assert ours.any()
