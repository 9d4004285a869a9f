"""Where the weights of an image backbone come from: torchvision's published ones, a local file, or nowhere."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import safetensors
import safetensors.torch
from torch import Tensor, nn
from torchvision import models

from ml_core.errors import CodedError
from ml_core.weights.convert_pth import convert_pth

_FILE_ENDINGS: Final = (".safetensors", ".pth", ".pt")
_CONNECT_S: Final = 30.0


class PretrainedError(CodedError):
    """Published or given weights of a backbone cannot be had, or are of another network."""

    default_code = "stellar.pretrained"


def load_backbone_weights(network: nn.Module, backbone: str, source: str) -> None:
    """Put pretrained weights into a backbone; its classification head, which is not used, may be missing.

    Args:
        network: As torchvision builds it.
        backbone: Its name.
        source: See `ImageEncoder`.

    Raises:
        PretrainedError: ``stellar.pretrained_unknown``, ``stellar.pretrained_offline``,
            ``stellar.pretrained_missing`` or ``stellar.pretrained_mismatch``.
        UnsafeWeightError: A ``.pth`` file holds more than tensors.
    """
    if not source:
        return
    tensors = _from_file(Path(source)) if source.endswith(_FILE_ENDINGS) else _published(backbone, source)
    own = network.state_dict()
    missing = [
        name for name, tensor in own.items()
        if not name.startswith("fc.") and (name not in tensors or tensors[name].shape != tensor.shape)
        and not name.endswith("num_batches_tracked")
    ]  # fmt: skip
    if missing:
        raise PretrainedError(
            f'The given weights are not those of a {backbone}: "{missing[0]}" is missing or of another size.',
            code="stellar.pretrained_mismatch", hint="Choose the backbone that the weights were made for.",
            where="pretrained",
        )  # fmt: skip
    fitting = {name: tensors[name] for name in own if name in tensors and not name.startswith("fc.")}
    network.load_state_dict(fitting, strict=False)


def _published(backbone: str, name: str) -> Mapping[str, Tensor]:
    known = {} if backbone == "small" else models.get_model_weights(backbone).__members__
    if not known or (name != "DEFAULT" and name not in known):
        offered = ", ".join(["DEFAULT", *known]) if known else "none"
        raise PretrainedError(
            f'There are no published weights "{name}" of the backbone {backbone}.',
            code="stellar.pretrained_unknown", where="pretrained",
            hint=f"Published: {offered}. Or give the path of a .safetensors or .pth file, or leave it empty.",
        )  # fmt: skip
    weights = models.get_model_weights(backbone)
    try:
        with _bounded_waits():
            tensors: Mapping[str, Tensor] = weights[name].get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:  # no network, no such page, or a file that does not match its hash
        raise PretrainedError(
            f"The published weights of {backbone} cannot be downloaded: this machine is offline or the server does "
            "not answer.",
            code="stellar.pretrained_offline", where="pretrained",
            hint=f"Download {weights[name].url} elsewhere and give its path in pretrained, or leave pretrained empty.",
        ) from error  # fmt: skip
    return tensors


def _from_file(path: Path) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise PretrainedError(
            f"There is no file {path.name} with pretrained weights.", code="stellar.pretrained_missing",
            hint="Check the path.", where="pretrained",
        )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="cvstudio-") as folder:
        if path.suffix != ".safetensors":
            # The converter takes the file it is given away, and reads it in a process without rights.
            copy, converted = Path(folder) / "given.pth", Path(folder) / "model.safetensors"
            shutil.copyfile(path, copy)
            convert_pth(copy, converted)
            path = converted
        try:
            return safetensors.torch.load_file(path)
        except (OSError, safetensors.SafetensorError) as error:
            raise PretrainedError(
                f"The file {path.name} with pretrained weights is damaged.", code="stellar.pretrained_missing",
                hint="Copy or download it again.", where="pretrained",
            ) from error  # fmt: skip


@contextmanager
def _bounded_waits() -> Iterator[None]:
    """A network that swallows packets must not hold a training up for minutes."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_CONNECT_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
