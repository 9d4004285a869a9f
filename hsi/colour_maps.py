"""Colour maps of scores, from a few stops. The same as in `static/hsi/colours.js`, so that pictures look alike."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

STOPS: Final = {
    "inferno": "000004 160b39 420a68 6a176e 932667 bc3754 dd513a f37819 fca50a f6d746 fcffa4",
    "viridis": "440154 482475 414487 355f8d 2a788e 21918c 22a884 44bf70 7ad151 bddf26 fde725",
    "turbo": "30123b 4662d7 36aaf9 1ae4b6 72fe5e c8ef34 faba39 f66b19 ca2a04 7a0403",
    "grey": "000000 ffffff",
}
NAMES: Final = tuple(STOPS)


@cache
def colour_table(name: str) -> NDArray[np.uint8]:
    """256 colours, (256, 3), of one of `NAMES`."""
    stops = np.array([[int(stop[at : at + 2], 16) for at in (0, 2, 4)] for stop in STOPS[name].split()], float)
    places = np.linspace(0, len(stops) - 1, 256)
    parts = [np.interp(places, np.arange(len(stops)), stops[:, part]) for part in range(3)]
    return np.round(np.stack(parts, axis=1)).astype(np.uint8)


def paint(values: NDArray[np.float32], name: str, low: float, high: float) -> NDArray[np.uint8]:
    """Scores (H, W) as colours (H, W, 3); ``low`` and ``high`` get the ends of the map."""
    span = high - low if high > low else 1.0
    share = np.clip((np.nan_to_num(values) - low) / span, 0, 1)
    return colour_table(name)[np.round(share * 255).astype(np.uint8)]
