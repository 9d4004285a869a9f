"""A hyperspectral scene as every method takes it: a cube, and what is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Georeference:
    """Where the pixels lie on the ground.

    Attributes:
        transform: Affine coefficients (a, b, c, d, e, f): x = a * column + b * row + c, y = d * column + e * row + f.
        crs: Coordinate system as well-known text; empty when unknown.
    """

    transform: tuple[float, float, float, float, float, float]
    crs: str = ""


@dataclass(frozen=True)
class Scene:
    """One image of one sensor.

    Attributes:
        name: For people and for result files.
        cube: (H, W, B), any real type, often mapped from a file: read it in rows, never as a whole.
        mask: (H, W) uint8, 1 = anomaly; None when nobody knows. For evaluation, never for detection.
        wavelengths: (B,) in nanometres, or None.
        good_bands: (B,) bool; constant, non-finite and listed bad bands are False.
        georeference: Place on the ground, or None.
        sensor: Name of the sensor; empty when unknown.
        domain_id: Number of the sensor or scene for the domain embedding.
        invalid: (H, W) bool, True where a pixel was not measured and repeats its neighbour; None where all were.
            Nothing is found there: a map has its smallest value.
    """

    name: str
    cube: NDArray[Any]
    mask: NDArray[np.uint8] | None
    wavelengths: NDArray[np.float64] | None
    good_bands: NDArray[np.bool_]
    georeference: Georeference | None = None
    sensor: str = ""
    domain_id: int = 0
    invalid: NDArray[np.bool_] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns, bands."""
        height, width, bands = self.cube.shape
        return height, width, bands
