"""The frozen networks that guide a generator: the classifier, and the features of the perceptual loss."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.error import URLError

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision import models

from ml_core.anime.classifier.network import DEVIATION, MEAN, CharacterNetwork
from ml_core.weights.errors import WeightFileError, WeightMismatchError

AUTO: Final = "auto"
RECOGNISER: Final = "recogniser"
_VGG_TAPS: Final = (3, 8, 15)  # relu1_2, relu2_2, relu3_3 of torchvision's VGG16
_STAND_IN_TAPS: Final = (1, 2, 3)  # blocks of the recogniser's network: maps of a half, a quarter and an eighth
_NAME: Final = re.compile(r"[A-Z0-9_]+")


class Features(nn.Module):
    """The first layers of a frozen network; gives the maps behind some of them, of unit length at each place.

    Args:
        layers: The network's first layers.
        taps: Positions of the layers whose maps are given.
        name: What reports call these features.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, layers: Sequence[nn.Module], taps: Sequence[int], name: str) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers[: max(taps) + 1])
        self.name = name
        self._taps = frozenset(taps)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1))
        self.requires_grad_(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """(N, 3, S, S) of 0..1 to maps (N, C, h, w)."""
        maps = (images - self.mean) / self.deviation
        found = []
        for place, layer in enumerate(self.layers):
            maps = layer(maps)
            if place in self._taps:
                found.append(maps / (maps.pow(2).sum(1, keepdim=True).sqrt() + 1e-3))
        return found


def perceptual_distance(features: Features, painted: Tensor, original: Tensor) -> Tensor:
    """How far repainted images are from their originals, for (N, 3, S, S) of 0..1; a scalar.

    Half of it is the mean absolute difference of colours, in full and in a quarter of the size; the rest is that of
    feature maps of unit length (as R. Zhang et al., CVPR 2018, without their weights for the channels).
    """
    with torch.no_grad():
        wanted = features(original)
    layers = [(a - b).pow(2).sum(1).mean() for a, b in zip(features(painted), wanted, strict=True)]
    coarse = (functional.avg_pool2d(painted, 4) - functional.avg_pool2d(original, 4)).abs().mean()
    colours = (painted - original).abs().mean() + coarse
    return 0.5 * colours + 0.15 * torch.stack(layers).mean()


def choose_features(wish: str, network: CharacterNetwork) -> tuple[Features, str]:
    """The frozen features, and a sentence that says which.

    Args:
        wish: ``auto``, ``recogniser``, a name of torchvision, or the path of a ``.safetensors`` file of VGG16.
        network: Of the recogniser, whose first blocks stand in where there is no VGG16.

    Raises:
        WeightFileError: ``anime.weights_unavailable``, ``anime.weights_missing``, or a damaged file.
        WeightMismatchError: The file holds another network.
    """
    if wish == AUTO:
        chosen = models.VGG16_Weights.DEFAULT
        if (Path(torch.hub.get_dir()) / "checkpoints" / chosen.url.rsplit("/", 1)[-1]).is_file():
            return _vgg(dict(chosen.get_state_dict(progress=False, check_hash=True)), chosen.name)
        note = "The weights of VGG16 are not on this machine. "
        return _stand_in(network), note + _stand_in_note(network)
    if wish == RECOGNISER:
        return _stand_in(network), _stand_in_note(network)
    if _NAME.fullmatch(wish):
        return _vgg(_download(wish), wish)
    return _vgg(_read(Path(wish)), Path(wish).name)


def _stand_in(network: CharacterNetwork) -> Features:
    blocks = list(network.net.features.children())
    return Features(blocks, _STAND_IN_TAPS, f"{network.architecture} of the recogniser, first blocks").eval()


def _stand_in_note(network: CharacterNetwork) -> str:
    return (
        f"The perceptual loss compares features of the first blocks of the recogniser's own {network.architecture} "
        "instead of VGG16's."
    )


def _vgg(tensors: dict[str, Tensor], name: str) -> tuple[Features, str]:
    net = models.vgg16(weights=None).features[: max(_VGG_TAPS) + 1]
    own = net.state_dict()
    given = {key.removeprefix("features."): value for key, value in tensors.items()}
    if any(key not in given or given[key].shape != value.shape for key, value in own.items()):
        raise WeightMismatchError(
            f"{name} does not hold a VGG16.", hint="Give weights with the names of torchvision.", where="features"
        )
    net.load_state_dict({key: given[key] for key in own})
    layers = [nn.ReLU() if isinstance(layer, nn.ReLU) else layer for layer in net]  # not in place: maps are kept
    return Features(
        layers, _VGG_TAPS, f"VGG16, {name}"
    ).eval(), f"The perceptual loss compares features of VGG16, {name}."


def _download(name: str) -> dict[str, Tensor]:
    try:
        return dict(models.VGG16_Weights[name].get_state_dict(progress=False, check_hash=True))
    except (KeyError, URLError, OSError, RuntimeError) as error:
        raise WeightFileError(
            f"The published weights {name} of VGG16 cannot be had on this machine.",
            code="anime.weights_unavailable",
            hint=f'Connect it to the network, give the path of a file, or choose "{AUTO}".',
            where="features",
        ) from error


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise WeightFileError(
            f'"{path.name}" is neither a name of published weights nor a file.',
            code="anime.weights_missing",
            hint=f'Choose "{AUTO}", "{RECOGNISER}", IMAGENET1K_V1, or the path of a .safetensors file.',
            where="features",
        )
    try:
        return safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise WeightFileError(
            f"{path.name} is damaged or no .safetensors file.", hint="Export it again.", where="features"
        ) from error
