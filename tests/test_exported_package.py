"""The exported package trains as the platform does: the same losses to the last bit, without any code of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ml_core.data.manifest import read_items, read_version
from ml_core.graph import generate
from ml_core.graph.package import manifest_csv
from ml_core.run.cli import main
from ml_core.run.events import read_events

STEPS = 20
# Runs a script as `python script.py` would, in an isolated interpreter where our packages cannot be imported.
BARE = """
import runpy, sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("ml_core", "cvstudio", "django"):
            raise ImportError(f"the package imports {name}")
sys.meta_path.insert(0, Blocker())
script, sys.argv = sys.argv[1], sys.argv[1:]
sys.path.insert(0, script.rpartition("/")[0])
runpy.run_path(script, run_name="__main__")
"""

GRAPH_NODES = [
    {"id": "image", "op": "Input", "params": {"shape": [3, 24, 20]}},
    {"id": "conv1", "op": "Conv2d", "params": {"out_channels": 8, "kernel_size": 3, "padding": 1, "bias": False}},
    {"id": "bn1", "op": "BatchNorm2d", "params": {}},
    {"id": "relu1", "op": "ReLU", "params": {}},
    {"id": "block1", "op": "ResidualBlock", "params": {"out_channels": 12, "stride": 2}},
    {"id": "excite", "op": "SqueezeExcite", "params": {"reduction": 4}},
    {"id": "pool", "op": "AdaptiveAvgPool2d", "params": {}},
    {"id": "flatten", "op": "Flatten", "params": {}},
    {"id": "drop", "op": "Dropout", "params": {"p": 0.2}},
    {"id": "fc", "op": "Linear", "params": {"out_features": 3}},
    {"id": "logits", "op": "Output", "params": {}},
]


def graph(channels: int) -> dict[str, Any]:
    nodes = [dict(node) for node in GRAPH_NODES]
    nodes[0]["params"] = {"shape": [channels, 24, 20]}
    edges = [{"source": a["id"], "target": b["id"]} for a, b in zip(nodes, nodes[1:], strict=False)]
    return {"format": "cvstudio.graph/1", "name": "Export", "nodes": nodes, "edges": edges}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of every kind that decoding treats by itself: EXIF, transparency, palette, grey, 16-bit, CMYK."""
    root = tmp_path_factory.mktemp("export") / "images"
    chance = np.random.default_rng(5)
    exif = Image.Exif()
    exif[0x0112] = 6
    for label, name in enumerate(("ant", "bee", "=wasp")):
        folder = root / name
        folder.mkdir(parents=True)
        for number in range(22):
            size = int(chance.integers(20, 50)), int(chance.integers(20, 50))
            pixels = chance.integers(0, 120, (*size, 4), dtype=np.uint8)
            pixels[..., label] += 120
            picture = Image.fromarray(pixels[..., :3])
            if number == 1:
                picture.save(folder / f"{number}.jpg", exif=exif)
            elif number == 2:
                Image.fromarray(pixels).save(folder / f"{number}.png")
            elif number == 3:
                picture.quantize(16).save(folder / f"{number}.png", transparency=0)
            elif number == 4:
                Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(folder / f"{number}.png")
            elif number == 5:
                picture.convert("CMYK").save(folder / f"{number}.jpg")
            elif number == 6:
                picture.convert("LA").save(folder / f"{number}.png")
            else:
                picture.save(folder / f"{number}.png")
    version = root.parent / "version"
    assert (
        main(
            ["data.import", "--set", f"source={root}", "--set", f"version={version}", "--out", f"{root.parent}/import"]
        )
        == 0
    )
    return root


SETTINGS: dict[str, tuple[int, dict[str, Any]]] = {
    "colour, random crops, SGD with a cosine": (
        3,
        {
            "seed": 11,
            "augment": [
                {"op": "RandomResizedCrop", "scale": [0.5, 1.0]},
                {"op": "RandomHorizontalFlip"},
                {"op": "ColorJitter", "hue": 0.1},
                {"op": "RandAugment"},
            ],
            "label_smoothing": 0.1,
            "fit": {
                "epochs": 4, "optimizer": "sgd", "learning_rate": 0.05, "batch_size": 7, "schedule": "cosine",
                "warmup_steps": 3,
            },
        },
    ),
    "grey, centre cut, AdamW, accumulation, clipping, average": (
        1,
        {
            "seed": 2**40 + 3,
            "input": {"resize": 28},
            "augment": [{"op": "RandomAffine"}, {"op": "RandomErasing"}],
            "fit": {
                "batch_size": 4, "accumulate": 3, "clip_norm": 0.5, "ema_decay": 0.9, "schedule": "step",
                "step_epochs": 1, "decay_factor": 0.5,
            },
        },
    ),
    "no augmentation, Adam, a plateau": (
        3,
        {"seed": 0, "fit": {"optimizer": "adam", "batch_size": 8, "schedule": "plateau", "plateau_patience": 1}},
    ),
}  # fmt: skip


@pytest.mark.process
@pytest.mark.parametrize("name", SETTINGS)
def test_the_package_repeats_the_first_losses_of_the_platform_to_the_last_bit(
    name: str, images: Path, tmp_path: Path
) -> None:
    channels, settings = SETTINGS[name]
    platform, config = train_on_the_platform(channels, settings, images, tmp_path)
    folder = export(config, images, tmp_path / "package")
    output = run_bare(folder / "train.py", "--data", str(images), "--steps", str(STEPS), "--exact", "--workers", "0")
    package = [float(line.split()[3]) for line in output.splitlines() if line.startswith("step ")]
    assert len(package) == STEPS
    assert package == platform[:STEPS]


@pytest.mark.process
def test_a_stranger_trains_on_a_plain_folder_and_predicts(images: Path, tmp_path: Path) -> None:
    fit = {
        "epochs": 2, "batch_size": 16, "ema_decay": 0.9, "patience": 3, "clip_norm": 1.0, "precision": "bf16",
        "accumulate": 2, "threads": 1,
    }  # fmt: skip
    config = {"graph": graph(3), "seed": 3, "input": {}, "augment": [{"op": "ColorJitter"}], "label_smoothing": 0.0}
    folder = export({**config, "fit": fit}, images, tmp_path / "package")
    (folder / "manifest.csv").unlink()
    output = run_bare(folder / "train.py", "--data", str(images), "--workers", "1")
    assert "54 images to train on, 12 to validate with, 3 classes" in output
    assert "val accuracy" in output and (folder / "model.safetensors").is_file()
    again = run_bare(
        folder / "train.py", "--data", str(images), "--start", str(folder / "model.safetensors"), "--steps", "1"
    )
    assert "started from" in again
    predicted = run_bare(folder / "predict.py", "--top", "2", str(images / "bee/9.png"), str(images / "ant/1.jpg"))
    assert predicted.count("%") == 4


def train_on_the_platform(
    channels: int, settings: dict[str, Any], images: Path, tmp_path: Path
) -> tuple[list[float], dict[str, Any]]:
    """Losses by step, and the sealed configuration."""
    fit = {
        "epochs": 6, "device": "cpu", "threads": 1, "workers": 0, "log_every_steps": 1, "log_min_interval_s": 0,
        **settings["fit"],
    }  # fmt: skip
    version = images.parent / "version"
    data = {"version": str(version), "root": str(images)}
    config = {**settings, "fit": fit, "data": data, "graph": graph(channels)}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    threads = torch.get_num_threads()
    assert main(["vision.classify", "--config", str(path), "--out", str(tmp_path / "run")]) == 0
    torch.set_num_threads(threads)
    events, _ = read_events(tmp_path / "run" / "events.jsonl", 0)
    metrics = [event["data"] for event in events if event["kind"] == "metric"]
    losses = {m["step"]: m["values"]["loss"] for m in metrics if m["phase"] == "train" and m["scope"] == "step"}
    sealed: dict[str, Any] = json.loads((tmp_path / "run" / "run.json").read_text())["config"]
    assert sorted(losses) == list(range(1, len(losses) + 1))
    return [losses[step] for step in sorted(losses)], sealed


def export(config: dict[str, Any], images: Path, folder: Path) -> Path:
    version = images.parent / "version"
    settings = {key: config[key] for key in ("seed", "input", "augment", "label_smoothing", "fit")}
    files = generate(config["graph"], {**settings, "classes": read_version(version)["classes"]})
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "manifest.csv").write_text(manifest_csv(read_items(version)), encoding="utf-8")
    return folder


def run_bare(script: Path, *arguments: str) -> str:
    command = [sys.executable, "-I", "-W", "error", "-c", BARE, str(script), *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=script.parent.parent)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
