"""Where an image lies on the sky, from what an answer says about it, and how far inside it a star lies."""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS, FITSFixedWarning
from numpy.typing import NDArray


@dataclass(frozen=True)
class Footprint:
    """Corners of an image, or a circle about it when no more is known. All in degrees.

    Attributes:
        corners: Right ascension and declination of each corner, in order round the image; empty for a circle.
        centre: Right ascension and declination.
        radius: Of the circle that holds the image; only used without corners.
    """

    corners: tuple[tuple[float, float], ...]
    centre: tuple[float, float]
    radius: float = 0.0

    @property
    def is_certain(self) -> bool:
        """Whether the outline is known; a circle about an image has corners that the image lacks."""
        return len(self.corners) >= 3

    def margin(self, ra: float, dec: float) -> float:
        """How far inside the outline a position lies, in degrees; negative outside.

        Measured on the plane that touches the sky at the position, where great circles are straight (gnomonic).
        """
        if not self.is_certain:
            return self.radius - separation(ra, dec, *self.centre)
        points = [tangent_plane(ra, dec, *corner) for corner in self.corners]
        if any(point is None for point in points):
            return -90.0
        outline = np.array(points, dtype=np.float64)
        distance = min(_to_segment(outline[index - 1], outline[index]) for index in range(len(outline)))
        return distance if _holds_origin(outline) else -distance


def tangent_plane(ra0: float, dec0: float, ra: float, dec: float) -> tuple[float, float] | None:
    """Gnomonic coordinates of a point in degrees about (ra0, dec0); ``None`` on the far side of the sky."""
    d_ra, dec_r, dec0_r = math.radians(ra - ra0), math.radians(dec), math.radians(dec0)
    cosine = math.sin(dec0_r) * math.sin(dec_r) + math.cos(dec0_r) * math.cos(dec_r) * math.cos(d_ra)
    if cosine <= 1e-3:
        return None
    x = math.cos(dec_r) * math.sin(d_ra) / cosine
    y = (math.cos(dec0_r) * math.sin(dec_r) - math.sin(dec0_r) * math.cos(dec_r) * math.cos(d_ra)) / cosine
    return math.degrees(x), math.degrees(y)


def separation(ra1: float, dec1: float, ra2: float, dec2: float) -> float:
    """Angle between two positions in degrees, by the haversine formula."""
    lat1, lat2 = math.radians(dec1), math.radians(dec2)
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(ra2 - ra1) / 2) ** 2
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(half))))


def _to_segment(start: NDArray[np.float64], end: NDArray[np.float64]) -> float:
    """Distance of the origin to a segment."""
    along = end - start
    length = float(along @ along)
    position = 0.0 if length == 0 else min(1.0, max(0.0, float(-start @ along) / length))
    return float(np.hypot(*(start + position * along)))


def _holds_origin(outline: NDArray[np.float64]) -> bool:
    """Whether the origin lies inside, by counting the edges that a ray to the right crosses."""
    inside = False
    for (x1, y1), (x2, y2) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if (y1 > 0) != (y2 > 0) and x1 - y1 * (x2 - x1) / (y2 - y1) > 0:
            inside = not inside
    return inside


def from_wcs(wcs: WCS, width: int, height: int) -> Footprint:
    """The outline of an image of ``width`` by ``height`` pixels."""
    ends_x, ends_y = (-0.5, width - 0.5), (-0.5, height - 0.5)
    pixels = [(ends_x[0], ends_y[0]), (ends_x[1], ends_y[0]), (ends_x[1], ends_y[1]), (ends_x[0], ends_y[1])]
    pixels.append(((width - 1) / 2, (height - 1) / 2))
    sky = [(float(ra), float(dec)) for ra, dec in wcs.all_pix2world(pixels, 0)]
    return Footprint(tuple(sky[:4]), sky[4])


def from_keywords(
    centre: tuple[float, float], shape: tuple[int, int], scale: tuple[float, float],
    matrix: tuple[float, float, float, float] | None = None, reference: tuple[float, float] | None = None,
    pixel: tuple[float, float] | None = None,
) -> Footprint:  # fmt: skip
    """The outline that SIA 1 describes: its WCS where it is whole, else north up about the centre.

    Args:
        centre: Position of the image's centre in degrees.
        shape: Width and height in pixels.
        scale: Degrees per pixel along both axes.
        matrix: CD matrix by rows in degrees per pixel.
        reference: Sky position of the reference pixel.
        pixel: The reference pixel, counted from 1.
    """
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    if matrix and reference and pixel:
        wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cd = reference, pixel, np.array(matrix).reshape(2, 2)
    else:
        wcs.wcs.crval, wcs.wcs.crpix = centre, [(side + 1) / 2 for side in shape]
        wcs.wcs.cdelt = [-abs(scale[0]), abs(scale[1])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        return from_wcs(wcs, *shape)


def from_region(text: str) -> Footprint | None:
    """The outline that an ``s_region`` of ObsCore gives: a polygon or a circle in ICRS degrees."""
    words = re.split(r"[\s(),]+", text.strip())
    numbers = []
    for word in words:
        try:
            numbers.append(float(word))
        except ValueError:
            continue  # the shape's name and that of the frame
    if not all(map(math.isfinite, numbers)):
        return None
    shape = words[0].lower()
    if shape == "polygon" and len(numbers) >= 6 and len(numbers) % 2 == 0:
        corners = tuple(zip(numbers[::2], numbers[1::2], strict=True))
        return Footprint(corners, _middle(corners))
    if shape == "circle" and len(numbers) == 3:
        return Footprint((), (numbers[0], numbers[1]), numbers[2])
    return None


def _middle(corners: tuple[tuple[float, float], ...]) -> tuple[float, float]:
    """Direction of the mean of the corners' unit vectors, which knows no jump at 360 degrees."""
    angles = np.radians(np.array(corners))
    vectors = np.stack([np.cos(angles[:, 1]) * np.cos(angles[:, 0]), np.cos(angles[:, 1]) * np.sin(angles[:, 0]),
                        np.sin(angles[:, 1])], axis=1)  # fmt: skip
    x, y, z = vectors.mean(axis=0)
    return math.degrees(math.atan2(y, x)) % 360, math.degrees(math.atan2(z, math.hypot(x, y)))
