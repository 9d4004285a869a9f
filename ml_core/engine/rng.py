"""All random generators of a process, saved and restored as tensors and numbers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ml_core.run.seeds import mix


def seed_all(seed: int, *keys: object) -> None:
    """Seed Python, NumPy and torch (all devices) for the purpose that ``keys`` name."""
    value = mix(seed, *keys)
    random.seed(value)
    np.random.seed(value % 2**32)
    torch.manual_seed(value)


def capture(device: torch.device) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """State of the generators of Python, NumPy, torch on the CPU, and torch on ``device``.

    Returns:
        Tensors by name, and JSON-able facts.
    """
    version, words, python_gauss = random.getstate()
    numpy_state: dict[str, Any] = np.random.get_state(legacy=False)
    tensors = {
        "python": torch.tensor(words, dtype=torch.int64),
        "numpy": torch.from_numpy(numpy_state["state"]["key"].astype(np.int64)),
        "torch": torch.get_rng_state(),
    }
    if device.type == "cuda":
        tensors["device"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        tensors["device"] = torch.mps.get_rng_state()
    facts = {
        "python_version": version,
        "python_gauss": python_gauss,
        "numpy_position": int(numpy_state["state"]["pos"]),
        "numpy_has_gauss": int(numpy_state["has_gauss"]),
        "numpy_gauss": float(numpy_state["gauss"]),
        "device_type": device.type,
    }
    return tensors, facts


def restore(tensors: dict[str, Tensor], facts: dict[str, Any], device: torch.device) -> None:
    """Set all generators to a captured state.

    A generator of another kind of device cannot be restored; whoever resumes elsewhere accepts an approximate resume,
    which the loop announces.

    Raises:
        KeyError: An item is missing.
    """
    random.setstate((facts["python_version"], tuple(tensors["python"].tolist()), facts["python_gauss"]))
    np.random.set_state(
        {
            "bit_generator": "MT19937",
            "state": {"key": tensors["numpy"].numpy().astype(np.uint32), "pos": facts["numpy_position"]},
            "has_gauss": facts["numpy_has_gauss"],
            "gauss": facts["numpy_gauss"],
        }
    )
    torch.set_rng_state(tensors["torch"])
    if device.type != facts["device_type"]:
        return
    if device.type == "cuda":
        torch.cuda.set_rng_state(tensors["device"], device)
    elif device.type == "mps":
        torch.mps.set_rng_state(tensors["device"])


@contextmanager
def aside(device: torch.device, seed: int, *keys: object) -> Iterator[None]:
    """Draws inside come from a seed of their own and leave no trace outside."""
    tensors, facts = capture(device)
    seed_all(seed, *keys)
    try:
        yield
    finally:
        restore(tensors, facts, device)
