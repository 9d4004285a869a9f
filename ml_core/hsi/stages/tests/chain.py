"""Runs the stages of a chain on small scenes with tiny settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from ml_core.run.cli import main

COMMON: dict[str, Any] = {"device": "cpu", "threads": 1}
TINY: dict[str, dict[str, Any]] = {
    "tokenizer": {**COMMON, "num_epochs": 2, "patches_per_epoch": 32, "K_s": 8, "K_x": 8},
    "pretrain": {**COMMON, "pretrain_epochs": 2, "windows_per_epoch": 48, "pretrain_batch_size": 16},
    "anomaly": {**COMMON, "anomaly_epochs": 2, "plantings": 4, "simulated_scenes": 1, "crops_per_epoch": 16},
}
MODELS = {"tokenizer": "tokenizer", "pretrain": "encoder", "anomaly": "detector"}


def config_of(stage: str, scenes: Path, before: Path | None = None, **changes: Any) -> dict[str, Any]:
    """Settings of a stage that follows the run in ``before``."""
    config: dict[str, Any] = {"scenes": [str(scenes)], **TINY[stage], **changes}
    if before is not None:
        config["tokenizer" if stage == "pretrain" else "encoder"] = str(before)
    return config


def run(recipe: str, config: dict[str, Any], out: Path, *, resume: bool = False) -> dict[str, Any]:
    """Run a recipe; its result."""
    path = out.with_name(f"{out.name}.json")
    path.write_text(json.dumps(config))
    main([recipe, "--config", str(path), "--out", str(out), *(["--resume"] if resume else [])])
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


def run_chain(scenes: Path, folder: Path) -> dict[str, Path]:
    """All three stages, each in a folder of its name."""
    before = None
    found: dict[str, Path] = {}
    for stage in TINY:
        found[stage] = folder / stage
        result = run(f"hsi.{stage}", config_of(stage, scenes, before), found[stage])
        assert result["state"] == "completed", result["error"]
        before = found[stage]
    return found


def weights_of(run_folder: Path, stage: str) -> dict[str, torch.Tensor]:
    """The delivered tensors of a stage."""
    return safetensors.torch.load_file(run_folder / "artifacts/weight" / f"{MODELS[stage]}.safetensors")
