"""The network as other programs get it: pixels in, probabilities out, so that nobody has to normalise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ml_core.vision.preparation import Preparation
from ml_core.vision.weight_folder import Classifier

INPUT, OUTPUT = "pixels", "probabilities"


class WithPreprocessing(nn.Module):
    """A classifier that scales and normalises by itself. Resizing stays outside: it depends on the decoder."""

    mean: Tensor
    std: Tensor

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.model = classifier.model
        preparation: Preparation = classifier.preparation
        self.register_buffer("mean", torch.tensor(preparation.mean).reshape(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(preparation.std).reshape(1, -1, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """uint8 (N, C, H, W) at the network's size to probabilities (N, classes) in float32."""
        normalised = (pixels.float() / 255 - self.mean) / self.std
        probabilities: Tensor = self.model(normalised).float().softmax(1)
        return probabilities
