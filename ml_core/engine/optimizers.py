"""Optimizers from the configuration, one for each part of a task."""

from __future__ import annotations

from typing import Any

import torch

from ml_core.engine.config import FitConfig
from ml_core.engine.task import ParameterGroup


def build_optimizers(
    groups: dict[str, list[ParameterGroup]], config: FitConfig, device: torch.device
) -> dict[str, torch.optim.Optimizer]:
    """One optimizer a part. On CUDA the fused kernels are used, on the CPU the plain ones: those repeat bit by bit."""
    return {part: _build(part_groups, config, device) for part, part_groups in groups.items()}


def _build(groups: list[ParameterGroup], config: FitConfig, device: torch.device) -> torch.optim.Optimizer:
    described: list[dict[str, Any]] = [
        {
            "params": group.parameters,
            "lr": config.learning_rate * group.rate_factor,
            "initial_lr": config.learning_rate * group.rate_factor,
            "weight_decay": config.weight_decay if group.weight_decay is None else group.weight_decay,
        }
        for group in groups
    ]
    fused = True if device.type == "cuda" else None
    if config.optimizer == "sgd":
        return torch.optim.SGD(described, lr=config.learning_rate, momentum=config.momentum, fused=fused)
    kind = torch.optim.Adam if config.optimizer == "adam" else torch.optim.AdamW
    return kind(described, lr=config.learning_rate, betas=(config.momentum, 0.999), fused=fused)
