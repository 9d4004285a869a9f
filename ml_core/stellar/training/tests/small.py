"""Trains on a small simulated survey with tiny settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from ml_core.run.cli import main

STARS = 45
COMMON: dict[str, Any] = {"device": "cpu", "threads": 1}
TINY: dict[str, dict[str, Any]] = {
    "fusion_plain": {
        **COMMON, "model": "fusion_plain", "d_model": 16, "num_heads": 2, "num_layers": 1, "epochs": 3,
        "batch_size": 12,
    },
    "recommended": {**COMMON, "model": "recommended", "epochs": 3, "steps_per_epoch": 5, "batch_size": 24},
}  # fmt: skip
STEMS = {"fusion_plain": "fusion", "recommended": "classifier"}


def config_of(model: str, survey: Path, **changes: Any) -> dict[str, Any]:
    """Settings of a short training."""
    return {"survey": str(survey), **TINY[model], **changes}


def run(recipe: str, config: dict[str, Any], out: Path, *, resume: bool = False) -> dict[str, Any]:
    """Run a recipe; its result."""
    path = out.with_name(f"{out.name}.json")
    path.write_text(json.dumps(config))
    main([recipe, "--config", str(path), "--out", str(out), *(["--resume"] if resume else [])])
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


def weights_of(run_folder: Path, model: str) -> dict[str, torch.Tensor]:
    """The delivered tensors."""
    return safetensors.torch.load_file(run_folder / "artifacts/weight" / f"{STEMS[model]}.safetensors")
