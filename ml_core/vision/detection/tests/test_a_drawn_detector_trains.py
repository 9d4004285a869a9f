"""A detector that is drawn whole, head and all, trains by its own generated code."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from ml_core.graph.codegen import model_code
from ml_core.graph.detector_starters import ssdlite_detector
from ml_core.run.cli import main
from ml_core.run.predictor import get_predictor
from ml_core.vision.detection.tests.shapes import Shapes, config_for


def run(out: Path, config: dict[str, Any], recipe: str = "vision.detect") -> dict[str, Any]:
    path = out.parent / f"{out.name}.json"
    path.write_text(json.dumps(config))
    main([recipe, "--config", str(path), "--out", str(out)])
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


@pytest.fixture(scope="module")
def trained(shapes: Shapes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("drawn") / "run"
    result = run(out, config_for(shapes, graph=ssdlite_detector(2), fit={"epochs": 25}))
    assert result["state"] == "completed", result["error"]
    assert result["metrics"]["map50"] > 0.5
    return out


def test_the_code_that_trained_is_the_code_of_the_graph(trained: Path) -> None:
    text = model_code(ssdlite_detector(2)).text
    assert (trained / "code/model.py").read_text() == text
    assert (trained / "artifacts/weight/model.py").read_text() == text


def test_its_weight_finds_objects(trained: Path, shapes: Shapes) -> None:
    detector = get_predictor("vision.detect")()
    detector.load(trained / "artifacts/weight", "cpu")
    content = (shapes.root / "val/0.png").read_bytes()
    answer = detector.postprocess(detector.forward(detector.preprocess(content)[None])[0])
    assert answer["boxes"][0]["probability"] > 0.3
    assert answer["boxes"][0]["class"] in ("disc", "square")


def test_the_next_training_starts_from_all_of_it(trained: Path, shapes: Shapes, tmp_path: Path) -> None:
    weight = str(trained / "artifacts/weight")
    fit = {"epochs": 1, "max_steps": 1, "warmup_steps": 0}
    config = config_for(shapes, graph=ssdlite_detector(2), initial_weights=weight, fit=fit)
    assert run(tmp_path / "next", config)["state"] == "completed"
    assert "tensors fit. " not in (tmp_path / "next/events.jsonl").read_text()  # nothing starts at random


def test_a_head_for_other_classes_is_refused_at_its_node(shapes: Shapes, tmp_path: Path) -> None:
    error = run(tmp_path / "run", config_for(shapes, graph=ssdlite_detector(5)))["error"]
    assert (error["code"], error["where"]) == ("graph.class_count", "head")
    assert error["hint"] == "Set classes of head to 2."


def test_a_head_on_a_grey_image_is_refused(shapes: Shapes, tmp_path: Path) -> None:
    document = copy.deepcopy(ssdlite_detector(2))
    document["nodes"][0]["params"]["shape"] = [1, 320, 320]
    assert run(tmp_path / "run", config_for(shapes, graph=document))["error"]["code"] == "graph.channels"
