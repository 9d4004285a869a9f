"""Optimizer state as tensors and JSON, without pickle."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ml_core.engine.checkpoint import LoadedCheckpoint, missing_item
from ml_core.errors import CheckpointError

OptimizerParts = dict[str, torch.optim.Optimizer]


def optimizer_state(optimizers: OptimizerParts) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors by name, and JSON-able facts by part: settings of the groups, plain numbers, and who has state."""
    tensors: dict[str, Tensor] = {}
    facts: dict[str, Any] = {}
    for part, optimizer in optimizers.items():
        state = optimizer.state_dict()
        numbers: dict[str, Any] = {}
        items: list[str] = []
        for position, entries in state["state"].items():
            for name, value in entries.items():
                key = f"{position}.{name}"
                items.append(key)
                if isinstance(value, Tensor):
                    tensors[f"optimizer.{part}.{key}"] = value
                else:
                    numbers[key] = value
        facts[part] = {"groups": state["param_groups"], "numbers": numbers, "items": sorted(items)}
    return tensors, facts


def restore_optimizers(loaded: LoadedCheckpoint, optimizers: OptimizerParts) -> None:
    """Put back what ``optimizer_state`` gave.

    Raises:
        CheckpointError: A part, a group or a tensor is missing.
    """
    for part, optimizer in optimizers.items():
        entries = {**loaded.tensor_items(f"optimizer.{part}."), **loaded.item("optimizer", part, "numbers")}
        groups = loaded.item("optimizer", part, "groups")
        if lacking := sorted(set(loaded.item("optimizer", part, "items")) - set(entries)):
            raise missing_item(loaded.facts.path, f"optimizer.{part}.{lacking[0]}")
        if [len(group["params"]) for group in groups] != [len(group["params"]) for group in optimizer.param_groups]:
            raise CheckpointError(
                f"The checkpoint {loaded.facts.path.name} belongs to a model with other parameters.",
                code="checkpoint.other_model",
                hint="Resume with the architecture that the run was started with.",
                where=f"optimizer.{part}",
            )
        state: dict[int, dict[str, Any]] = {}
        for key, value in entries.items():
            position, name = key.split(".", 1)
            state.setdefault(int(position), {})[name] = value
        optimizer.load_state_dict({"state": state, "param_groups": groups})
        _match_memory_order(optimizer)


def _match_memory_order(optimizer: torch.optim.Optimizer) -> None:
    """Loaded tensors are in plain order; kernels are fast only where they lie like their parameter."""
    for parameter, items in optimizer.state.items():
        for name, value in items.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape and value.stride() != parameter.stride():
                items[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
