from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_core.run.context import RunContext
from ml_core.run.control import Control
from ml_core.run.directory import RunDirectory
from ml_core.run.events import SilentEvents
from ml_core.vision.batch import predict
from ml_core.vision.batch.tests.films import HEIGHT, WIDTH, RedPainter, make_film, picture
from ml_core.vision.segmentation.config import PredictMasksConfig
from ml_core.weights.folder import WeightFacts


def test_masks_come_as_csv_coco_and_maps_of_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = WeightFacts(task="vision.segment", classes=["red"])
    monkeypatch.setattr(predict, "get_predictor", lambda _: RedPainter)
    monkeypatch.setattr(predict, "read_facts", lambda _: facts)
    (tmp_path / "a.png").write_bytes(picture(10))
    make_film(tmp_path / "film.mp4", frames=4)
    directory = RunDirectory(tmp_path / "run")
    directory.make()
    config = PredictMasksConfig(weight="w", root=str(tmp_path), every_nth=3)
    result = predict.predict_many(config, RunContext(directory, SilentEvents(), Control(directory.path)))
    assert result["metrics"] == {"images": 3, "failed": 0} and result["classes"] == {"red": 3}
    coco = json.loads((directory.artifacts / "predictions.coco.json").read_text())
    still = coco["annotations"][0]
    assert (still["bbox"], still["area"]) == ([10, 16, 24, 32], 24 * 32)
    assert sum(still["segmentation"]["counts"]) == WIDTH * HEIGHT
    with zipfile.ZipFile(directory.artifacts / "predictions.masks.zip") as packed:
        assert packed.namelist() == ["a.png.png", "film.mp4/000000.png", "film.mp4/000003.png"]
        values = np.asarray(Image.open(io.BytesIO(packed.read("a.png.png"))))
    assert values[20, 12] == 1 and values[0, 0] == 0 and values.sum() == 24 * 32
