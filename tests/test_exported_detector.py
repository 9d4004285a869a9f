"""The package of a detector trains as the platform does, to the last bit, and predicts alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from ml_core.graph import generate
from ml_core.graph.detector_starters import ssdlite_detector
from ml_core.run.cli import main
from ml_core.run.events import read_events
from ml_core.run.predictor import get_predictor
from ml_core.vision.detection.package import list_boxes, weight_package
from ml_core.vision.detection.tests.shapes import Shapes, config_for, make_shapes
from ml_core.weights.folder import read_facts
from tests.test_exported_package import run_bare

pytestmark = pytest.mark.process
STEPS = 8
SHARED = ("seed", "augment", "mosaic", "fit")
SETTINGS: dict[str, dict[str, Any]] = {
    "a head on a drawn network, mosaic, crops, an average": {
        "detector": "fcos",
        "mosaic": 0.5,
        "augment": [{"op": "RandomResizedCrop", "scale": [0.6, 1.0]}, {"op": "RandomHorizontalFlip"}],
        "fit": {"ema_decay": 0.9, "epochs": 2},
    },
    "two stages, SGD with accumulation": {
        "detector": "fasterrcnn",
        "augment": [{"op": "ColorJitter"}],
        "fit": {"optimizer": "sgd", "learning_rate": 0.01, "accumulate": 2, "batch_size": 2, "epochs": 1},
    },
    "drawn whole": {"graph": ssdlite_detector(2), "augment": [{"op": "RandomAffine"}], "fit": {"epochs": 2}},
}


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Shapes:
    return make_shapes(tmp_path_factory.mktemp("shapes"))


def train(shapes: Shapes, folder: Path, settings: dict[str, Any]) -> tuple[list[float], dict[str, Any]]:
    """Losses by step, and the sealed configuration."""
    (folder / "config.json").write_text(json.dumps(config_for(shapes, **settings)))
    threads = torch.get_num_threads()
    assert main(["vision.detect", "--config", str(folder / "config.json"), "--out", str(folder / "run")]) == 0
    torch.set_num_threads(threads)
    metrics = [e["data"] for e in read_events(folder / "run/events.jsonl")[0] if e["kind"] == "metric"]
    losses = {m["step"]: m["values"]["loss"] for m in metrics if m["phase"] == "train" and m["scope"] == "step"}
    sealed: dict[str, Any] = json.loads((folder / "run/run.json").read_text())["config"]
    return [losses[step] for step in sorted(losses)], sealed


def unpack(texts: dict[str, str], folder: Path, boxes: str) -> Path:
    folder.mkdir()
    for name, text in {**texts, "boxes.csv": boxes}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", SETTINGS)
def test_the_package_repeats_the_first_losses_of_the_platform(name: str, shapes: Shapes, tmp_path: Path) -> None:
    platform, config = train(shapes, tmp_path, json.loads(json.dumps(SETTINGS[name])))
    weight = tmp_path / "run/artifacts/weight"
    texts = weight_package(weight, read_facts(weight), {key: config[key] for key in SHARED})
    folder = unpack(texts, tmp_path / "package", list_boxes(shapes.version))
    output = run_bare(
        folder / "train.py", "--data", str(shapes.root), "--steps", str(STEPS), "--exact", "--workers", "0"
    )
    package = [float(line.split()[3]) for line in output.splitlines() if line.startswith("step ")]
    assert len(package) == STEPS
    assert package == platform[:STEPS]
    assert "val mAP " in output


def test_it_predicts_as_the_platform_does_and_is_judged_alike(shapes: Shapes, tmp_path: Path) -> None:
    _, config = train(shapes, tmp_path, {"fit": {"epochs": 12}})
    weight = tmp_path / "run/artifacts/weight"
    facts = read_facts(weight)
    texts = weight_package(weight, facts, {key: config[key] for key in SHARED})
    folder = unpack(texts, tmp_path / "package", list_boxes(shapes.version))
    (folder / "model.safetensors").write_bytes((weight / "model.safetensors").read_bytes())
    detector = get_predictor("vision.detect")()
    detector.load(weight, "cpu")
    paths = [shapes.root / f"val/{number}.png" for number in range(3)]
    told = run_bare(folder / "predict.py", "--json", "--threshold", "0.2", *map(str, paths))
    for path, line in zip(paths, told.splitlines(), strict=True):
        answer = detector.postprocess(detector.forward(detector.preprocess(path.read_bytes())[None])[0])
        ours = [box for box in answer["boxes"] if box["probability"] >= 0.2]
        theirs = json.loads(line)["boxes"]
        assert [one["class"] for one in theirs] == [one["class"] for one in ours]
        for one, other in zip(theirs, ours, strict=True):
            assert one["box"] == pytest.approx(other["box"], abs=0.05)
    # One step with a rate of next to nothing: what is judged is the weight itself.
    settings = json.loads((folder / "config.json").read_text())
    settings["fit"] |= {"learning_rate": 1e-12, "warmup_steps": 0, "weight_decay": 0.0}
    (folder / "config.json").write_text(json.dumps(settings))
    start = ["--start", str(folder / "model.safetensors"), "--out", str(tmp_path / "again.safetensors")]
    judged = run_bare(folder / "train.py", "--data", str(shapes.root), "--steps", "1", *start)
    found = float(judged.split("val mAP ")[1].split(",")[0])
    assert found == pytest.approx(facts.metrics["map"], abs=0.08)  # one step moves the averages of the norms


def test_a_drawn_detector_gives_a_package_before_it_was_trained(shapes: Shapes, tmp_path: Path) -> None:
    fit = {"epochs": 1, "batch_size": 8, "threads": 1}
    texts = generate(ssdlite_detector(2), {"classes": ["disc", "square"], "fit": fit, "mosaic": 0.3})
    folder = unpack(texts, tmp_path / "package", list_boxes(shapes.version))
    output = run_bare(folder / "train.py", "--data", str(shapes.root), "--steps", "2")
    assert "40 images to train on, 12 to validate with, 2 classes" in output
    assert (folder / "model.safetensors").is_file()
