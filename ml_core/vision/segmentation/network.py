"""Networks that give each pixel a class: decoders on the feature maps of any network, or a network drawn as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import Conv2dNormActivation, FeaturePyramidNetwork

from ml_core.errors import GraphError
from ml_core.graph import analyze
from ml_core.vision.detection.feature_maps import FeatureMaps

STRIDES = (2, 4, 8, 16, 32)
_FINEST = 4  # finer maps cost more than they tell; the U-Net alone uses them
_GROUPS = 16
_DILATIONS = (2, 4, 6)  # of the wide view, on maps of stride 16 or 32


class Segmenter(nn.Module):
    """Classes of pixels from images on a canvas.

    Args:
        decoder: One of `DECODERS`.
        maps: The body, with maps of `STRIDES`.
        classes: How many, with the background.
        width: Channels of the decoder.
    """

    def __init__(self, decoder: str, maps: FeatureMaps, *, classes: int, width: int) -> None:
        super().__init__()
        self.maps = maps
        self.decoder = DECODERS[decoder](maps.channels, maps.strides, width)
        self.classify = nn.Conv2d(width, classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Normalised (N, 3, H, W) to logits (N, classes, H, W)."""
        logits = self.classify(self.decoder(self.maps(images)))
        return _scaled(logits, images.shape[-2:])


class Drawn(nn.Module):
    """A drawn network that ends with a map of all classes.

    Args:
        network: (N, 3, H, W) to (N, classes, h, w).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Normalised (N, 3, H, W) to logits (N, classes, H, W)."""
        return _scaled(self.network(images), images.shape[-2:])


def build(network: nn.Module, graph: dict[str, Any], settings: dict[str, Any], classes: int) -> nn.Module:
    """The network of a training or of a weight.

    Args:
        network: Of the graph.
        graph: As drawn, or of a known backbone.
        settings: ``decoder`` and ``width``.
        classes: How many, with the background.

    Raises:
        GraphError: It has too few feature maps, or ends with a map of another number of classes.
    """
    analysis = analyze(graph)
    shape = analysis.output_shape or []
    if len(shape) == 4:
        if shape[1] != classes:
            raise GraphError(
                f"The network ends with maps of {shape[1]} classes, but {classes} are to be told apart.",
                code="graph.class_count", where="output",
                hint=f"Let its last layer have {classes} channels: the background, and each class of the data set.",
            )  # fmt: skip
        return Drawn(network)
    (drawn,) = analysis.input_shapes.values()
    maps = FeatureMaps(network, (int(drawn[-2]), int(drawn[-1])), STRIDES)
    return Segmenter(settings["decoder"], maps, classes=classes, width=int(settings["width"]))


def _scaled(maps: Tensor, size: torch.Size) -> Tensor:
    return functional.interpolate(maps, size=tuple(size), mode="bilinear", align_corners=False)


def _convolution(channels: int, width: int, kernel: int = 3, dilation: int = 1) -> nn.Module:
    # Groups of channels, not of images, are normalised: batches are small here, and a pooled map has one pixel.
    block: nn.Module = Conv2dNormActivation(
        channels, width, kernel, dilation=dilation, norm_layer=lambda count: nn.GroupNorm(_GROUPS, count)
    )
    return block


class PyramidDecoder(nn.Module):
    """Maps of a feature pyramid, scaled to the finest and added (Kirillov et al. 2019, arXiv:1901.02446)."""

    def __init__(self, channels: list[int], strides: list[int], width: int) -> None:
        super().__init__()
        self.first = _first_of(strides)
        self.pyramid = FeaturePyramidNetwork(channels[self.first :], width)
        self.levels = nn.ModuleList(_convolution(width, width) for _ in channels[self.first :])

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Maps, the finest first, to (N, width, h, w)."""
        levels = self.pyramid({str(number): one for number, one in enumerate(maps[self.first :])}).values()
        told = [convolve(level) for convolve, level in zip(self.levels, levels, strict=True)]
        return torch.stack([told[0], *(_scaled(one, told[0].shape[-2:]) for one in told[1:])]).sum(0)


class UNetDecoder(nn.Module):
    """Step by step from the coarsest map to the finest, each joined on the way (Ronneberger et al. 2015,
    arXiv:1505.04597).
    """

    def __init__(self, channels: list[int], strides: list[int], width: int) -> None:
        super().__init__()
        self.narrow = _convolution(channels[-1], width)
        self.join = nn.ModuleList(
            nn.Sequential(_convolution(width + count, width), _convolution(width, width))
            for count in reversed(channels[:-1])
        )

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Maps, the finest first, to (N, width, h, w)."""
        told: Tensor = self.narrow(maps[-1])
        for join, finer in zip(self.join, reversed(maps[:-1]), strict=True):
            told = join(torch.cat([_scaled(told, finer.shape[-2:]), finer], dim=1))
        return told


class WideDecoder(nn.Module):
    """The coarsest map seen at several distances, then sharpened by the finest (Chen et al. 2018, DeepLab v3+,
    arXiv:1802.02611).
    """

    def __init__(self, channels: list[int], strides: list[int], width: int) -> None:
        super().__init__()
        self.first = _first_of(strides)
        self.near = _convolution(channels[-1], width, 1)
        self.far = nn.ModuleList(_convolution(channels[-1], width, dilation=dilation) for dilation in _DILATIONS)
        self.whole = _convolution(channels[-1], width, 1)
        self.join = _convolution(width * (len(_DILATIONS) + 2), width, 1)
        self.fine = _convolution(channels[self.first], width // 2, 1)
        self.sharpen = _convolution(width + width // 2, width)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Maps, the finest first, to (N, width, h, w)."""
        coarse, fine = maps[-1], maps[self.first]
        mean = _scaled(self.whole(coarse.mean((2, 3), keepdim=True)), coarse.shape[-2:])
        seen = self.join(torch.cat([self.near(coarse), *(look(coarse) for look in self.far), mean], dim=1))
        sharpened: Tensor = self.sharpen(torch.cat([_scaled(seen, fine.shape[-2:]), self.fine(fine)], dim=1))
        return sharpened


def _first_of(strides: list[int]) -> int:
    """Place of the finest map that is used."""
    return next((place for place, stride in enumerate(strides) if stride >= _FINEST), len(strides) - 1)


DECODERS: dict[str, Callable[[list[int], list[int], int], nn.Module]] = {
    "fpn": PyramidDecoder,
    "unet": UNetDecoder,
    "deeplab": WideDecoder,
}
