"""Networks of the three stages on disk: tensors as safetensors, everything else as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor, nn

from ml_core.run.files import write_json_atomic
from ml_core.weights.errors import WeightFileError, WeightMismatchError

_MAX_FACTS_BYTES = 4 * 2**20


def fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, shapes and values: equal weights have equal fingerprints wherever they lie."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name}:{tuple(tensor.shape)}:{tensor.dtype};".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def write_network(folder: Path, stem: str, module: nn.Module, facts: Mapping[str, Any]) -> None:
    """Leave ``STEM.safetensors`` and ``STEM.json`` in a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / f"{stem}.safetensors", module.state_dict())
    write_json_atomic(folder / f"{stem}.json", {"format": 1, "kind": stem, **facts})


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors; those that share memory are stored each."""
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    safetensors.torch.save_file(plain, path)


def read_facts(folder: Path, stem: str) -> dict[str, Any]:
    """The content of ``STEM.json``.

    Raises:
        WeightFileError: The file is missing, too large, no JSON, or of another kind.
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
    return facts


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file.

    Raises:
        WeightFileError: The file is missing or damaged.
    """
    try:
        return safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise _damaged(path) from error


def load_state(module: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Put tensors into a module.

    Raises:
        WeightMismatchError: Names or shapes differ.
    """
    try:
        module.load_state_dict(dict(tensors))
    except RuntimeError as error:
        raise WeightMismatchError(
            "The weights do not fit the network that is described beside them.",
            hint="Use the folder as the training left it.",
            where=where,
        ) from error


def _damaged(path: Path) -> WeightFileError:
    return WeightFileError(
        f"{path.name} is missing or damaged.",
        hint="Use the folder as the training left it, or train again.",
        where=path.name,
    )
