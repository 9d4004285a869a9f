"""Convolutional networks over the picture of a star: torchvision's ResNets, or a small one for processors."""

from __future__ import annotations

from typing import Final, Literal, get_args

import torch
from torch import Tensor, nn
from torchvision import models

from ml_core.stellar.models.pretrained import load_backbone_weights

Backbone = Literal["small", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
BACKBONES: Final[tuple[Backbone, ...]] = get_args(Backbone)

_MEAN: Final = (0.485, 0.456, 0.406)
_SD: Final = (0.229, 0.224, 0.225)
_SMALL_WIDTHS: Final = (24, 48, 96, 192)
_GROUPS: Final = 8


def image_input(image: Tensor) -> Tensor:
    """(N, S, S, 3) of 0..255 to (N, 3, S, S) with the mean and the spread of ImageNet."""
    pixels = image.permute(0, 3, 1, 2).float() / 255
    mean, sd = (pixels.new_tensor(values).view(1, 3, 1, 1) for values in (_MEAN, _SD))
    return (pixels - mean) / sd


class ImageEncoder(nn.Module):
    """A backbone without its head, and a projection of its last map.

    Args:
        d_model: Length of a token.
        backbone: Which network.
        pretrained: ``""`` for random weights, the name of torchvision's weights (``DEFAULT``, ``IMAGENET1K_V1``), or
            the path of a ``.safetensors`` or ``.pth`` file with a state dictionary of torchvision's network.

    Raises:
        PretrainedError: The weights cannot be had or do not fit.
    """

    def __init__(self, d_model: int, backbone: Backbone = "resnet152", pretrained: str = "") -> None:
        super().__init__()
        self.backbone_name = backbone
        if backbone == "small":
            self.backbone, width = _small_network(), _SMALL_WIDTHS[-1]
            load_backbone_weights(self.backbone, backbone, pretrained)
        else:
            network = getattr(models, backbone)(weights=None)
            width = network.fc.in_features
            load_backbone_weights(network, backbone, pretrained)
            self.backbone = nn.Sequential(*list(network.children())[:-2])
        self.projection = nn.Linear(width, d_model)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Global and sequence features.

        Args:
            image: (N, 3, S, S), as `image_input` makes it.

        Returns:
            (N, d_model) and (N, (S / 32)^2, d_model).
        """
        found = self.backbone(image).flatten(2).transpose(1, 2)
        return self.projection(found.mean(1)), self.projection(found)

    def tokens(self, side: int) -> int:
        """Length of the sequence for pictures of ``side`` pixels."""
        steps = 5
        for _ in range(steps):
            side = (side + 1) // 2
        return side * side


def _small_network() -> nn.Sequential:
    """Five halvings with a residual step after each: 0.6 million weights, a hundredth of ResNet-18's work."""
    layers: list[nn.Module] = [
        nn.Conv2d(3, _SMALL_WIDTHS[0], 5, 2, 2, bias=False),
        nn.GroupNorm(_GROUPS, _SMALL_WIDTHS[0]),
        nn.GELU(),
    ]
    for before, after in zip((_SMALL_WIDTHS[0], *_SMALL_WIDTHS), _SMALL_WIDTHS, strict=False):
        layers += [
            nn.Conv2d(before, after, 3, 2, 1, bias=False),
            nn.GroupNorm(_GROUPS, after),
            nn.GELU(),
            _Residual(after),
        ]
    return nn.Sequential(*layers)


class _Residual(nn.Module):
    """A depthwise convolution beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False),
            nn.GroupNorm(_GROUPS, width),
            nn.Conv2d(width, width, 1),
            nn.GELU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.as_tensor(self.inner(x))
