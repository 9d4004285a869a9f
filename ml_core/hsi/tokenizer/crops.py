"""Where training and validation look: squares of scenes, the latter from a corner that training never sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_CORNER_SHARE = 0.25  # of each side of a scene


@dataclass(frozen=True)
class CropSampler:
    """Random squares of one scene.

    Attributes:
        height, width: Size of the scene, at least ``size``.
        size: Side of a square.
        corner: Which corner is held out, 0..3, or None when nothing is.
    """

    height: int
    width: int
    size: int
    corner: int | None

    @classmethod
    def of(cls, height: int, width: int, size: int, corner: int) -> CropSampler:
        """Hold a corner out where the scene is large enough to leave most of it for training."""
        fits = min(height, width) >= 3 * size
        return cls(max(height, size), max(width, size), size, corner % 4 if fits else None)

    @property
    def _held_out(self) -> tuple[int, int, int, int]:
        """Rows and columns of the held out corner: top, bottom, left, right."""
        assert self.corner is not None
        side_rows = max(self.size, int(self.height * _CORNER_SHARE))
        side_columns = max(self.size, int(self.width * _CORNER_SHARE))
        top = 0 if self.corner < 2 else self.height - side_rows
        left = 0 if self.corner % 2 == 0 else self.width - side_columns
        return top, top + side_rows, left, left + side_columns

    def train(self, generator: np.random.Generator) -> tuple[int, int]:
        """Upper left pixel of a square that does not touch the held out corner."""
        while True:
            row = int(generator.integers(self.height - self.size + 1))
            column = int(generator.integers(self.width - self.size + 1))
            if self.corner is None:
                return row, column
            top, bottom, left, right = self._held_out
            if row >= bottom or row + self.size <= top or column >= right or column + self.size <= left:
                return row, column

    def validation(self, generator: np.random.Generator) -> tuple[int, int]:
        """Upper left pixel of a square inside the held out corner; anywhere when there is none."""
        if self.corner is None:
            return self.train(generator)
        top, bottom, left, right = self._held_out
        row = int(generator.integers(top, bottom - self.size + 1))
        return row, int(generator.integers(left, right - self.size + 1))
