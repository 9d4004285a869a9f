"""Colours for maps of numbers: perceptually even scales as tables of 256 colours."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import CodedError

#: Names for people and addresses.
COLOUR_MAPS: Final = ("viridis", "inferno", "magma", "plasma", "turbo", "cividis", "grey")


@cache
def colour_table(name: str) -> NDArray[np.uint8]:
    """(256, 3) colours from low to high.

    Raises:
        CodedError: ``hsi.colour_map``: the name is unknown.
    """
    if name == "grey":
        return np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    if name not in COLOUR_MAPS:
        raise CodedError(f'There is no colour map "{name[:40]}".', code="hsi.colour_map", where="colours",
                         hint=f"Known: {', '.join(COLOUR_MAPS)}.")  # fmt: skip
    from plotly.colors import sequential, unlabel_rgb  # where a colour map is asked for, plotly is no burden

    anchors = np.array([_rgb(text, unlabel_rgb) for text in getattr(sequential, name.capitalize())], np.float64)
    places, wanted = np.linspace(0, 1, len(anchors)), np.linspace(0, 1, 256)
    channels = [np.interp(wanted, places, anchors[:, channel]) for channel in range(3)]
    table = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    table.flags.writeable = False
    return table


def _rgb(text: str, unlabel_rgb: object) -> tuple[float, ...]:
    if text.startswith("#"):
        return tuple(int(text[start : start + 2], 16) for start in (1, 3, 5))
    assert callable(unlabel_rgb)
    return tuple(unlabel_rgb(text))
