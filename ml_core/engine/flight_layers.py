"""Largest values and what is no number, in the weights of a network and in what its layers give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

_WEIGHTS_SHOWN = 40


@dataclass(frozen=True)
class Values:
    """One tensor. ``largest`` is the largest absolute value that is a number, ``not_finite`` the share that is none."""

    name: str
    kind: str
    shape: list[int]
    largest: float
    not_finite: float


def largest_weights(model: nn.Module) -> list[Values]:
    """The weights with the largest values, those that hold something that is no number first."""
    found = [_values(name, "weight", tensor) for name, tensor in model.named_parameters()]
    return sorted(found, key=lambda values: (-values.not_finite, -values.largest))[:_WEIGHTS_SHOWN]


def watch_layers(model: nn.Module, steps: Sequence[Callable[[], Any]]) -> list[Values]:
    """Take each of ``steps`` and note what every layer without children gives, in the order of the computation."""
    found: list[Values] = []

    def hook_of(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def note(layer: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor) and output.is_floating_point():
                found.append(_values(name, type(layer).__name__, output))

        return note

    leaves = [(name, layer) for name, layer in model.named_modules() if not list(layer.children())]
    hooks = [layer.register_forward_hook(hook_of(name)) for name, layer in leaves]
    try:
        for step in steps:
            step()
    except RuntimeError:
        pass  # what was seen until the step failed is what there is to tell; the run ends with its own cause
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _values(name: str, kind: str, tensor: Tensor) -> Values:
    flat = tensor.detach().float().flatten()
    numbers = flat[torch.isfinite(flat)]
    largest = float(numbers.abs().max()) if len(numbers) else 0.0
    share = 1 - len(numbers) / max(1, len(flat))
    return Values(name or "model", kind, list(tensor.shape), largest, share)
