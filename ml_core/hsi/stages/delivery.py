"""What a stage leaves: a weight folder for the next stage and the library, and the specification's ``.pth``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ml_core.engine.loop import FitResult
from ml_core.run.context import RunContext
from ml_core.run.events import utc_now
from ml_core.run.files import write_json_atomic
from ml_core.weights.folder import FACTS_FILE, WeightFacts, write_facts

WEIGHT_PATH = "artifacts/weight"


def weight_folder(path: Path) -> Path:
    """The weight folder at ``path``: itself, or that of the run directory that lies there."""
    inner = path / WEIGHT_PATH
    return inner if inner.is_dir() else path


def write_weight_folder(
    run: RunContext,
    *,
    task: str,
    save: Sequence[Callable[[Path], object]],
    stems: Sequence[str],
    parameters: int,
    metrics: dict[str, float],
    data_fingerprint: str,
    settings: dict[str, Any],
) -> dict[str, str]:
    """Leave ``artifacts/weight`` and announce its files.

    Args:
        run: The run.
        task: Name of the recipe.
        save: Functions that write ``STEM.safetensors`` and ``STEM.json`` into a folder.
        stems: Their stems, the main one first.
        parameters: Size of the main network.
        metrics: What the weights were found to do.
        data_fingerprint: Of the scenes that were learnt from.
        settings: The stage's settings, without paths of this machine.

    Returns:
        What ``result.json`` says about it.
    """
    folder = run.artifact_path(f"weight/{FACTS_FILE}").parent
    for write in save:
        write(folder)
    files = [f"{stem}{ending}" for stem in stems for ending in (".safetensors", ".json")]
    facts = WeightFacts(
        task=task,
        files=files,
        metrics=metrics,
        parameters=parameters,
        dataset_fingerprint=data_fingerprint,
        run_id=run.dir.read_record()["id"],
        created=utc_now(),
        preprocessing=settings,
    )
    write_facts(folder, facts)
    for name in (FACTS_FILE, *files):
        run.artifact(folder / name)
    return {"path": WEIGHT_PATH}


def export_pth(run: RunContext, stem: str, module: nn.Module, settings: dict[str, Any]) -> None:
    """Leave ``checkpoints/STEM.pth``, a plain dictionary of tensors, and its settings as JSON beside it.

    ``torch.load(path, weights_only=True)`` reads it; nothing here ever does.
    """
    path = run.artifact_path(f"checkpoints/{stem}.pth")
    torch.save({name: tensor.detach().cpu() for name, tensor in module.state_dict().items()}, path)
    write_json_atomic(path.with_suffix(".json"), settings)
    run.artifact(path)
    run.artifact(path.with_suffix(".json"))


def count_parameters(module: nn.Module) -> int:
    """Numbers that training may change or has changed."""
    return sum(parameter.numel() for parameter in module.parameters())


def facts_of(result: FitResult) -> dict[str, Any]:
    """What ``result.json`` says about a training."""
    metrics = result.metrics.get("val") or {f"train_{name}": value for name, value in result.train_metrics.items()}
    return {"metrics": metrics, **result.course}
