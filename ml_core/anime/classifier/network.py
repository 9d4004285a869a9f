"""The networks of the specification: EfficientNet-B0 and MobileNetV2 with a head for the characters."""

from __future__ import annotations

import copy
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torchvision import models

Architecture = Literal["efficientnet_b0", "mobilenet_v2"]

#: Layers that are the last ones before maps are halved, with the channels of their maps. The last of all is left out.
_DEPTHS: Final = {
    "efficientnet_b0": {1: 16, 2: 24, 3: 40, 5: 112},
    "mobilenet_v2": {1: 16, 3: 24, 6: 32, 13: 96},
}
#: ImageNet's values, which published weights expect.
MEAN: Final = (0.485, 0.456, 0.406)
DEVIATION: Final = (0.229, 0.224, 0.225)
_BATCH: Final = 64
_LEAST_VARIANCE: Final = 1e-4  # of a map: the root of nothing has no slope


class CharacterNetwork(nn.Module):
    """A network from torchvision; its state dict has torchvision's names below ``net``.

    Args:
        architecture: Which one.
        classes: Number of characters.
        size: Pixels of a side of the input.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, architecture: Architecture, classes: int, size: int) -> None:
        super().__init__()
        self.architecture, self.classes, self.size = architecture, classes, size
        self.mirrors = True  # whether `logits` are means over an image and its mirror image
        self.net = models.get_model(architecture, weights=None, num_classes=classes)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1), persistent=False)

    @property
    def length(self) -> int:
        """Number of features."""
        return self.head.in_features

    @property
    def statistics_length(self) -> int:
        """Number of statistics that `seen` gives."""
        return 2 * sum(_DEPTHS[self.architecture].values())

    @property
    def head(self) -> nn.Linear:
        """The last layer."""
        layer = self.net.classifier[-1]
        assert isinstance(layer, nn.Linear)
        return layer

    def maps(self, views: Tensor) -> Tensor:
        """(N, 3, size, size) float 0..1 to feature maps (N, 1280, h, w)."""
        features: Tensor = self.net.features((views - self.mean) / self.deviation)
        return features

    def forward(self, views: Tensor) -> Tensor:
        """(N, 3, size, size) float 0..1 to (N, classes) logits."""
        return self.classify(self.pooled(views))

    def classify(self, features: Tensor) -> Tensor:
        """(N, length) features to (N, classes) logits."""
        logits: Tensor = self.net.classifier(features)
        return logits

    def pooled(self, views: Tensor) -> Tensor:
        """(N, 3, size, size) float 0..1 to (N, length) features, what the last layer reads."""
        return functional.adaptive_avg_pool2d(self.maps(views), 1).flatten(1)

    def seen(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, size, size) float 0..1 to features (N, length) and statistics of maps less deep.

        Means and deviations over the maps tell of colours and lines wherever they are, which few images teach the
        last layer to keep.

        Returns:
            What `pooled` gives, and (N, S) means and deviations.
        """
        maps, statistics = (views - self.mean) / self.deviation, []
        for depth, layer in enumerate(self.net.features):
            maps = layer(maps)
            if depth in _DEPTHS[self.architecture]:
                statistics += [maps.mean((2, 3)), (maps.var((2, 3)) + _LEAST_VARIANCE).sqrt()]
        return functional.adaptive_avg_pool2d(maps, 1).flatten(1), torch.cat(statistics, dim=1)

    @torch.no_grad()
    def logits(self, pixels: Tensor) -> Tensor:
        """(N, 3, S, S) uint8 to (N, classes) float32, the mean over each picture and its mirror image if it mirrors."""
        was_training = self.training
        self.eval()
        found = []
        for start in range(0, len(pixels), _BATCH):
            views = at_size(pixels[start : start + _BATCH], self.size).to(self.mean.device)
            found.append((mean_of_both(self(both_ways(views))) if self.mirrors else self(views).float()).cpu())
        self.train(was_training)
        return torch.cat(found) if found else torch.zeros(0, self.classes)

    def looking_once(self) -> CharacterNetwork:
        """The same network, which answers without mirror images, in half the time."""
        other = copy.copy(self)
        other.mirrors = False
        return other

    def log_probabilities(self, pixels: Tensor, temperature: float) -> NDArray[np.float64]:
        """(N, classes) float64 logarithms of probabilities."""
        logs: NDArray[np.float64] = (self.logits(pixels).double() / temperature).log_softmax(1).numpy()
        return logs

    @torch.no_grad()
    def activation_map(self, pixels: Tensor, label: int) -> Tensor:
        """Where in (3, S, S) uint8 the network sees a character: (h, w) of 0..1.

        Grad-CAM (R. Selvaraju et al., ICCV 2017). Behind the feature maps lie only a mean and a linear layer, so the
        gradients of a logit are the weights of that layer, and need not be computed.
        """
        was_training = self.training
        self.eval()
        maps = self.maps(at_size(pixels[None], self.size).to(self.mean.device))[0]
        self.train(was_training)
        seen = torch.einsum("c,chw->hw", self.head.weight[label], maps).clamp(min=0)
        return (seen / seen.max().clamp(min=1e-12)).cpu()


def at_size(pixels: Tensor, size: int) -> Tensor:
    """uint8 (N, 3, S, S) as float32 0..1 of (N, 3, size, size), in the memory order convolutions like."""
    values = pixels.float() / 255
    if pixels.shape[-1] != size:
        values = functional.interpolate(values, size=(size, size), mode="bilinear", antialias=True).clamp(0, 1)
    return values.contiguous(memory_format=torch.channels_last)


def both_ways(views: Tensor) -> Tensor:
    """(N, 3, H, W) views and their mirror images as one batch, (2 N, 3, H, W), in the order that is quickest."""
    return torch.cat([views, views.flip(3)]).contiguous(memory_format=torch.channels_last)


def mean_of_both(said: Tensor) -> Tensor:
    """What a network says about `both_ways`, (2 N, D), as one row for each view, (N, D) float32."""
    one, two = said.float().chunk(2)
    return (one + two) / 2
