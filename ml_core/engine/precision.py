"""Number formats: plain 32 bit, bfloat16, or 16 bit with a scaled loss."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ml_core.errors import DeviceError

Format = Literal["fp32", "bf16", "fp16"]


def choose_format(wish: Literal["auto", "fp32", "bf16", "fp16"], device: torch.device) -> Format:
    """The format for a device.

    Raises:
        DeviceError: 16 bit was asked for where it cannot train.
    """
    if wish == "auto":
        if device.type != "cuda":
            return "fp32"
        return "bf16" if torch.cuda.get_device_capability(device)[0] >= 8 else "fp16"
    if wish == "fp16" and device.type != "cuda":
        raise DeviceError(
            "Training in fp16 needs a CUDA GPU.", hint="Set precision to auto, bf16 or fp32.", where="fit.precision"
        )
    return wish


class Precision:
    """Autocast, loss scaling and clipping, in the one order that is right: unscale, clip, step, update."""

    def __init__(self, number_format: Format, device: torch.device) -> None:
        self.format = number_format
        self._device_type = device.type
        self.scaler = torch.amp.GradScaler(device.type) if number_format == "fp16" else None

    def autocast(self) -> AbstractContextManager[Any]:
        """Around the forward pass."""
        if self.format == "fp32":
            return nullcontext()
        return torch.autocast(self._device_type, torch.bfloat16 if self.format == "bf16" else torch.float16)

    def backward(self, loss: Tensor) -> None:
        """Gradients of a loss."""
        (self.scaler.scale(loss) if self.scaler else loss).backward()  # type: ignore[no-untyped-call]

    def step(self, optimizer: torch.optim.Optimizer, parameters: list[nn.Parameter], clip_norm: float | None) -> None:
        """Clip, then update the weights; with fp16 a step with overflowing gradients is left out."""
        if self.scaler:
            if clip_norm is not None:
                self.scaler.unscale_(optimizer)
                torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
            self.scaler.step(optimizer)
            return
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
        optimizer.step()

    def end_step(self) -> None:
        """Once after the optimizers of all parts have stepped."""
        if self.scaler:
            self.scaler.update()

    def state(self) -> dict[str, Any] | None:
        """State of the loss scaling; ``None`` where there is none."""
        return self.scaler.state_dict() if self.scaler else None

    def load_state(self, state: dict[str, Any] | None) -> None:
        """Take back what ``state`` gave."""
        if self.scaler and state is not None:
            self.scaler.load_state_dict(state)
