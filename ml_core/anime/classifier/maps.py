"""Images of where a network looks: beside each worst case, the same image dark where nothing counted (Grad-CAM)."""

from __future__ import annotations

from typing import Any, Final

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.collection.reading import Collection
from ml_core.run.context import RunContext

_SHOWN: Final = 24
_DARK: Final = 0.15  # of the light is left where nothing counts, so that one still sees what is there


def write_maps(run: RunContext, network: CharacterNetwork, collection: Collection, worst: list[dict[str, Any]]) -> None:
    """Write ``maps/00.png`` and so on for the first cases, and say so in their ``activation_map``.

    The map is that of the character which was answered: it shows what misled.
    """
    rows = {picture.path: row for row, picture in enumerate(collection.pictures)}
    for number, case in enumerate(worst[:_SHOWN]):
        pixels = collection.pixels[rows[case["path"]]]
        looked = network.activation_map(pixels, collection.characters.index(case["predicted"]))
        path = run.artifact_path(f"maps/{number:02d}.png")
        beside(pixels, looked).save(path)
        run.artifact(path, "image/png")
        case["activation_map"] = f"maps/{number:02d}.png"


def beside(pixels: Tensor, looked: Tensor) -> Image.Image:
    """(3, S, S) uint8 and its (h, w) map of 0..1, side by side."""
    side = tuple(pixels.shape[1:])
    light = functional.interpolate(looked[None, None], size=side, mode="bilinear").clamp(0, 1)[0]
    lit = (pixels * (_DARK + (1 - _DARK) * light)).round().to(torch.uint8)
    return Image.fromarray(torch.cat([pixels, lit], dim=2).permute(1, 2, 0).contiguous().numpy())
