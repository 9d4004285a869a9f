"""Where a network's first weights come from: published ones by name, a file of this machine, or chance."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Final
from urllib.error import URLError

import safetensors
import safetensors.torch
import torch
from torch import Tensor
from torchvision import models

from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.weights.convert_pth import convert_pth
from ml_core.weights.errors import WeightFileError, WeightMismatchError

AUTO: Final = "auto"
SCRATCH: Final = "scratch"
_LEAST_SHARE: Final = 0.5  # of tensors that must fit: less is another network
_SCRATCH_NOTE: Final = "The network starts from scratch: no pretrained weights are used."


def start_network(network: CharacterNetwork, weights: str) -> str:
    """Fill a fresh network, and say in a sentence with what.

    Args:
        network: Changed in place; a head for another number of classes keeps its random start.
        weights: ``scratch``; ``auto`` takes published weights that lie in torch's cache already, and else starts from
            scratch; a name of torchvision such as ``IMAGENET1K_V1`` downloads them; else the path of a
            ``.safetensors`` or a plain ``.pth``.

    Raises:
        WeightFileError: ``anime.weights_unavailable``, ``anime.weights_missing``, or a damaged file.
        UnsafeWeightError: A ``.pth`` holds more than tensors.
        WeightMismatchError: The file holds another network.
    """
    published = models.get_model_weights(network.architecture)
    if weights == SCRATCH:
        return _SCRATCH_NOTE
    if weights == AUTO:
        chosen = published.DEFAULT
        if not _cached(chosen.url).is_file():
            return f"{_SCRATCH_NOTE} {chosen.name} of {network.architecture} is not in the cache of this machine."
        return _fill(network, chosen.get_state_dict(progress=False, check_hash=True), chosen.name)
    if re.fullmatch(r"[A-Za-z0-9_]+", weights) and weights in [*published.__members__, "DEFAULT"]:
        return _fill(network, _download(network.architecture, weights), weights)
    return _fill(network, _read_file(Path(weights)), Path(weights).name)


def _cached(url: str) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]


def _download(architecture: str, name: str) -> dict[str, Tensor]:
    chosen = models.get_model_weights(architecture)
    chosen = chosen.DEFAULT if name == "DEFAULT" else chosen[name]
    try:
        tensors: dict[str, Tensor] = chosen.get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:
        raise WeightFileError(
            f"The published weights {name} of {architecture} cannot be had on this machine.",
            code="anime.weights_unavailable",
            hint=f'Connect it to the network, give the path of a file, or choose "{SCRATCH}".',
            where="pretrained",
        ) from error
    return tensors


def _read_file(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise WeightFileError(
            f'"{path.name}" is neither a name of published weights nor a file.',
            code="anime.weights_missing",
            hint=f'Choose "{AUTO}", "{SCRATCH}", IMAGENET1K_V1, or the path of a .safetensors or .pth.',
            where="pretrained",
        )
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        with tempfile.TemporaryDirectory(prefix="weights-") as folder:
            given, made = Path(folder) / "given.pth", Path(folder) / "made.safetensors"
            shutil.copyfile(path, given)  # the converter removes what it was given
            convert_pth(given, made)
            return safetensors.torch.load_file(made)
    except (OSError, safetensors.SafetensorError) as error:
        raise WeightFileError(
            f"{path.name} is damaged.", hint="Download or export it again.", where="pretrained"
        ) from error


def _fill(network: CharacterNetwork, tensors: dict[str, Tensor], name: str) -> str:
    own = network.net.state_dict()
    given = {key.removeprefix("net."): tensor for key, tensor in tensors.items()}
    fitting = {key: tensor for key, tensor in given.items() if key in own and own[key].shape == tensor.shape}
    if len(fitting) < _LEAST_SHARE * len(own):
        raise WeightMismatchError(
            f"{name} does not hold a {network.architecture}: {len(fitting)} of {len(own)} tensors fit.",
            hint="Give weights of this network with the names of torchvision.",
            where="pretrained",
        )
    network.net.load_state_dict(fitting, strict=False)
    return f"The network starts from {name}: {len(fitting)} of {len(own)} tensors fit."
