"""The samples of one batch as the network gets them: which hold no numbers, which lie far out, what they look like."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

_FAR = 1000.0  # a sample whose largest value is so many times the usual one is worth a look
_TILE = 96
_ACROSS = 8


@dataclass(frozen=True)
class SampleValues:
    """The values of one sample. ``largest`` is the largest absolute value that is a number."""

    name: str
    largest: float
    not_finite: int
    doubt: Literal["", "not_finite", "far_out"] = ""


def tensors_of(batch: Any, name: str = "batch") -> dict[str, Tensor]:
    """The tensors of a batch by the way to them: ``batch.0``, ``batch.image`` ..."""
    if isinstance(batch, Tensor):
        return {name: batch.detach().cpu()}
    pairs: list[tuple[Any, Any]] = []
    if isinstance(batch, dict):
        pairs = list(batch.items())
    elif isinstance(batch, tuple | list):
        pairs = list(zip(getattr(batch, "_fields", range(len(batch))), batch, strict=True))
    found: dict[str, Tensor] = {}
    for key, value in pairs:
        found |= tensors_of(value, f"{name}.{key}")
    return found


def look_at_samples(names: list[str], batch: Any) -> list[SampleValues]:
    """Measure each sample of a batch whose tensors have the samples along their first axis."""
    rows = [tensor for tensor in tensors_of(batch).values() if tensor.dim() and len(tensor) == len(names)]
    floats = [
        tensor.flatten(1) if tensor.dim() > 1 else tensor[:, None] for tensor in rows if tensor.is_floating_point()
    ]
    found = [_measured(name, [tensor[at] for tensor in floats]) for at, name in enumerate(names)]
    usual = median(sample.largest for sample in found) if found else 0.0
    return [
        SampleValues(sample.name, sample.largest, 0, "far_out")
        if not sample.not_finite and usual > 0 and sample.largest > _FAR * usual
        else sample
        for sample in found
    ]


def _measured(name: str, values: list[Tensor]) -> SampleValues:
    flat = torch.cat([value.double() for value in values]) if values else torch.zeros(0)
    numbers = flat[torch.isfinite(flat)]
    not_finite = len(flat) - len(numbers)
    largest = float(numbers.abs().max()) if len(numbers) else 0.0
    return SampleValues(name, largest, not_finite, "not_finite" if not_finite else "")


def contact_sheet(tensors: dict[str, Tensor]) -> NDArray[np.uint8] | None:
    """The images of a batch side by side, (rows * 96, 8 * 96, 3); None where the batch has no images.

    Values are stretched to what can be seen, for networks get them normalised; what is no number becomes magenta.
    """
    images = next(
        (t for t in tensors.values() if t.dim() == 4 and t.shape[1] in (1, 3) and min(t.shape[2:]) >= 8), None
    )
    if images is None or not len(images):
        return None
    tiles = [_tile(image.float()) for image in images]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % _ACROSS)
    rows = [np.concatenate(tiles[at : at + _ACROSS], axis=1) for at in range(0, len(tiles), _ACROSS)]
    return np.concatenate(rows, axis=0)


def _holds_images(tensor: Tensor) -> bool:
    return tensor.dim() == 4 and len(tensor) > 0 and tensor.shape[1] in (1, 3) and min(tensor.shape[2:]) >= 8


def _tile(image: Tensor) -> NDArray[np.uint8]:
    spoilt = ~torch.isfinite(image).all(dim=0)
    numbers = image[torch.isfinite(image)]
    low, high = (float(numbers.min()), float(numbers.max())) if len(numbers) else (0.0, 1.0)
    scale = high - low if math.isfinite(high - low) and high > low else 1.0
    shown = ((image.nan_to_num(low, high, low) - low) / scale).expand(3, -1, -1).clone()
    shown[:, spoilt] = torch.tensor([1.0, 0.0, 1.0])[:, None]
    sized = interpolate(shown[None], size=(_TILE, _TILE), mode="nearest")[0]
    return (sized * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
