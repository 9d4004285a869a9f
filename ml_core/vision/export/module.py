"""The network as other programs get it: pixels in, answers out, so that nobody has to normalise."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

INPUT = "pixels"


class WithPreprocessing(nn.Module):
    """A network that scales and normalises by itself. Resizing stays outside: it depends on the decoder.

    Args:
        model: Takes normalised images.
        mean: Of each channel.
        std: Of each channel.
    """

    output = ""
    any_batch = True
    mean: Tensor
    std: Tensor

    def __init__(self, model: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("mean", torch.tensor(mean).reshape(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(1, -1, 1, 1))

    def normalised(self, pixels: Tensor) -> Tensor:
        """uint8 (N, C, H, W) to what the model takes."""
        return (pixels.float() / 255 - self.mean) / self.std


class ClassProbabilities(WithPreprocessing):
    """A classifier."""

    output = "probabilities"

    def forward(self, pixels: Tensor) -> Tensor:
        """uint8 (N, C, H, W) at the network's size to probabilities (N, classes) in float32."""
        probabilities: Tensor = self.model(self.normalised(pixels)).float().softmax(1)
        return probabilities


class ClassMaps(WithPreprocessing):
    """A segmentation."""

    output = "logits"

    def forward(self, pixels: Tensor) -> Tensor:
        """uint8 (N, 3, H, W) to logits (N, classes + 1, H, W) in float32, the background first."""
        logits: Tensor = self.model(self.normalised(pixels)).float()
        return logits


class BoxCandidates(WithPreprocessing):
    """A detector up to its candidates: what suppresses double boxes is taken out, because its result has no fixed size.

    Args:
        model: A detector; it is changed.
        mean: Of each channel.
        std: Of each channel.
    """

    output = "candidates"

    def __init__(self, model: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__(model, mean, std)
        (holder,) = (module for module in model.modules() if "suppress" in dict(module.named_children()))
        self.suppress: nn.Module = holder.get_submodule("suppress")
        holder.add_module("suppress", nn.Identity())
        # Two-stage detectors choose their places image by image.
        self.any_batch = "propose" not in dict(holder.named_children())

    def forward(self, pixels: Tensor) -> Tensor:
        """uint8 (N, 3, H, W) to rows (N, K, 6): left, top, right, bottom in its pixels, probability, class."""
        candidates: Tensor = self.model(self.normalised(pixels))
        return candidates
