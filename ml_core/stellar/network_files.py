"""Networks of stars on disk: tensors as safetensors, everything else as JSON that says classes and grid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import safetensors
import safetensors.torch
from torch import Tensor, nn

from ml_core.run.files import write_json_atomic
from ml_core.stellar.spectra.resample import GRID_LOG, POINTS, STEP
from ml_core.stellar.spectra.subclass import CLASSES
from ml_core.weights.errors import WeightFileError, WeightMismatchError

_MAX_FACTS_BYTES: Final = 4 * 2**20
GRID_FACTS: Final = {"start_log": round(float(GRID_LOG[0]), 9), "step_log": STEP, "points": POINTS}


def write_network(folder: Path, stem: str, module: nn.Module, facts: Mapping[str, Any]) -> None:
    """Leave ``STEM.safetensors`` and ``STEM.json`` in a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in module.state_dict().items()}
    safetensors.torch.save_file(plain, folder / f"{stem}.safetensors")
    described = {"format": 1, "kind": stem, "classes": list(CLASSES), "grid": GRID_FACTS, **facts}
    write_json_atomic(folder / f"{stem}.json", described)


def read_facts(folder: Path, stem: str) -> dict[str, Any]:
    """The content of ``STEM.json``.

    Raises:
        WeightFileError: ``weights.invalid_file`` when the file is missing, too large, no JSON or of another kind;
            ``stellar.other_classes`` or ``stellar.other_grid`` when the network was made for something else.
    """
    path = folder / f"{stem}.json"
    try:
        if path.stat().st_size > _MAX_FACTS_BYTES:
            raise _damaged(path)
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path) from error
    if not isinstance(facts, dict) or facts.get("kind") != stem or facts.get("format") != 1:
        raise _damaged(path)
    check_scope(facts.get("classes"), facts.get("grid"), path.name)
    return facts


def check_scope(classes: object, grid: object, where: str) -> None:
    """Refuse a network that was trained on other classes or on another grid of wavelengths.

    Raises:
        WeightFileError: ``stellar.other_classes`` or ``stellar.other_grid``.
    """
    if classes != list(CLASSES):
        shown = ", ".join(map(str, classes[:8])) if isinstance(classes, list) and classes else "none"
        raise WeightFileError(
            f"The model was trained on other classes ({shown}) than {', '.join(CLASSES)}.",
            code="stellar.other_classes", hint="Choose a model that was trained on M0 to M4.", where=where,
        )  # fmt: skip
    if grid != GRID_FACTS:
        raise WeightFileError(
            f"The model was trained on another grid of wavelengths than the {POINTS} points from 4000 to 9000 Å.",
            code="stellar.other_grid", hint="Train it again with this version.", where=where,
        )  # fmt: skip


def load_network(folder: Path, stem: str, module: nn.Module) -> None:
    """Put the tensors of ``STEM.safetensors`` into a module.

    Raises:
        WeightFileError: The file is missing or damaged.
        WeightMismatchError: Names or shapes differ.
    """
    path = folder / f"{stem}.safetensors"
    try:
        tensors: dict[str, Tensor] = safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise _damaged(path) from error
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightMismatchError(
            "The weights do not fit the network that is described beside them.",
            hint="Use the folder as the training left it.", where=path.name,
        ) from error  # fmt: skip


def _damaged(path: Path) -> WeightFileError:
    return WeightFileError(
        f"{path.name} is missing or damaged.", hint="Use the folder as the training left it, or train again.",
        where=path.name,
    )  # fmt: skip
