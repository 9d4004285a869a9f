"""Weight folders of classifiers: written by training, read by prediction and by the next training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from ml_core.engine.device import place, use_channels_last
from ml_core.graph.build import load_model, write_model
from ml_core.run.context import RunContext
from ml_core.run.events import utc_now
from ml_core.vision.preparation import Preparation, preparation_from
from ml_core.weights.errors import WeightFileError, WeightMismatchError
from ml_core.weights.folder import CODE_FILE, FACTS_FILE, MODEL_FILE, WeightFacts, read_facts, write_facts

TASK = "vision.classify"
WEIGHT_PATH = "artifacts/weight"
_NAMES_SHOWN = 6


@dataclass
class Classifier:
    """A model ready to predict."""

    model: nn.Module
    classes: list[str]
    preparation: Preparation


def write_weight(
    run: RunContext,
    model: nn.Module,
    *,
    classes: list[str],
    graph: dict[str, Any],
    preparation: Preparation,
    metrics: dict[str, Any],
    dataset_fingerprint: str,
) -> dict[str, str]:
    """Leave ``artifacts/weight`` and announce its files; returns what ``result.json`` says about it."""
    return leave_weight(
        run,
        model,
        lambda folder: write_model(graph, folder),
        task=TASK,
        classes=classes,
        graph=graph,
        preprocessing=preparation.as_dict(),
        metrics=metrics,
        dataset_fingerprint=dataset_fingerprint,
    )


def leave_weight(
    run: RunContext, model: nn.Module, write_code: Callable[[Path], object], **facts: Any
) -> dict[str, str]:
    """Leave ``artifacts/weight`` of whatever a recipe trained and announce its files.

    Args:
        run: The run.
        model: The network.
        write_code: Leaves its ``model.py`` in a folder.
        facts: Of `WeightFacts`; what follows from the run and the network is added.

    Returns:
        What ``result.json`` says about it.
    """
    model_path = run.artifact_path(f"weight/{MODEL_FILE}")
    folder = model_path.parent
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    safetensors.torch.save_file(tensors, model_path)
    write_code(folder)
    added = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "run_id": run.dir.read_record()["id"] if run.dir.is_sealed else None,
        "created": utc_now(),
    }
    write_facts(folder, WeightFacts(**facts, **added))
    for name, media_type in (
        (MODEL_FILE, "application/octet-stream"),
        (FACTS_FILE, "application/json"),
        (CODE_FILE, "text/x-python"),
    ):
        run.artifact(folder / name, media_type)
    return {"path": WEIGHT_PATH}


def read_tensors(folder: Path) -> dict[str, torch.Tensor]:
    """The tensors of a weight folder by name.

    Raises:
        WeightFileError: The file is missing or damaged.
    """
    try:
        return safetensors.torch.load_file(folder / MODEL_FILE)
    except (OSError, safetensors.SafetensorError) as error:
        raise WeightFileError(
            "The weight file is missing or damaged.",
            hint="Train again, or upload the weights again.",
            where=MODEL_FILE,
        ) from error


def load_classifier(folder: Path, device: torch.device) -> Classifier:
    """The model of a weight folder in evaluation mode.

    Raises:
        WeightFileError: The folder is incomplete or damaged, or serves another task.
        WeightMismatchError: The tensors do not fit the code.
    """
    facts = read_facts(folder)
    if facts.task != TASK:
        raise WeightFileError(
            f'These weights are for "{facts.task}", not for classifying images.',
            hint="Choose weights of an image classifier.",
            where="task",
        )
    model = load_model(folder, pretrained=False)
    try:
        model.load_state_dict(read_tensors(folder))
    except RuntimeError as error:
        raise WeightMismatchError(
            "The weights do not fit the architecture in the same folder.",
            hint="Use the folder as the training left it.",
            where=MODEL_FILE,
        ) from error
    place(model, device, use_channels_last("auto", device, model))
    return Classifier(model.eval(), list(facts.classes), preparation_from(facts.preprocessing))


def start_from(model: nn.Module, folder: Path, run: RunContext, prefixes: Sequence[str] = ()) -> None:
    """Copy the weights that fit, by name and shape; layers that do not fit keep their random start.

    Args:
        model: What is to start.
        folder: Weight folder.
        run: Told what fits.
        prefixes: Where the model has a part that may be a whole model in the folder, such as its backbone.

    Raises:
        WeightFileError: The file is missing or damaged.
        WeightMismatchError: Nothing fits.
    """
    own, given = model.state_dict(), read_tensors(folder)
    given = {place + name: tensor for place in ("", *prefixes) for name, tensor in given.items()}
    fitting = {name: tensor for name, tensor in given.items() if name in own and own[name].shape == tensor.shape}
    if not fitting:
        raise WeightMismatchError(
            "None of the initial weights fits the architecture.",
            hint="Choose weights that were trained with the same graph; node names and sizes must be equal.",
            where="initial_weights",
        )
    model.load_state_dict(fitting, strict=False)
    left = sorted(set(own) - set(fitting))
    shown = ", ".join(left[:_NAMES_SHOWN]) + (
        f" and {len(left) - _NAMES_SHOWN} more" if len(left) > _NAMES_SHOWN else ""
    )
    rest = f" Starting at random: {shown}." if left else ""
    run.log(f"Started from given weights: {len(fitting)} of {len(own)} tensors fit.{rest}", step=0)
