"""Images that earlier answers named: a star inside of them needs no question of its own."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

from ml_core.stellar.vo.answers import ImageRow
from ml_core.stellar.vo.bands import BANDS, Band
from ml_core.stellar.vo.search import choose_images

_WIDEST_DEG = 2.0  # half the diagonal of an image that is looked up


class KnownImages:
    """Rows by declination, with those of each address once."""

    def __init__(self) -> None:
        self._stripes: dict[int, dict[str, ImageRow]] = defaultdict(dict)

    def add(self, rows: Iterable[ImageRow]) -> None:
        """Remember images whose outline is known."""
        for row in rows:
            if row.footprint is not None and row.footprint.is_certain:
                self._stripes[math.floor(row.footprint.centre[1])][row.url] = row

    def find(self, ra: float, dec: float, half_width: float) -> dict[Band, tuple[ImageRow, ...]] | None:
        """Images that hold the whole cut-out of a star in every band; ``None`` when one is missing."""
        wide = _WIDEST_DEG / max(0.02, math.cos(math.radians(dec)))
        near = [
            row
            for stripe in range(math.floor(dec - _WIDEST_DEG), math.floor(dec + _WIDEST_DEG) + 1)
            for row in self._stripes.get(stripe, {}).values()
            if row.footprint and abs((row.footprint.centre[0] - ra + 180) % 360 - 180) <= wide
        ]
        found = choose_images(near, ra, dec, half_width)
        for band in BANDS:
            best = found[band][0].footprint if found[band] else None
            if best is None or best.margin(ra, dec) < half_width:
                return None
        return found
