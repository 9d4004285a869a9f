"""Cut a star out of a FITS file that a service sent, at the pixel scale that was asked for.

Only the neighbourhood of the star is read, also from a tile-compressed ``.fz`` file of a hundred million pixels.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.io.fits.hdu.compressed._compression import CfitsioException
from astropy.utils.exceptions import AstropyUserWarning
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from numpy.typing import NDArray
from scipy import ndimage

from ml_core.errors import FormatError
from ml_core.stellar.images.cutout import cut_out
from ml_core.stellar.vo.errors import NotCoveredError, ServiceError, TransientError

_FITS_BLOCK = 2880
MAX_PIXELS = 250_000_000
_SAME_SCALE = 0.02
_SAME_ANGLE_DEG = 1.0
_CENTRE = 4  # pixels on each side of the star that must hold data
_ZERO_POINTS = ("MAGZP", "MAGZPT", "ZPMAG", "MAGZERO", "PHOTZP", "ZP")
_KEPT = ("OBJECT", "FILTER", "DATE-OBS", "EXPTIME", "TELESCOP", "INSTRUME", "TILE_ID", "BUNIT", "ORIGIN", "SIMULATD")
# What astropy raises on headers and pixels that contradict themselves.
_FITS_FAULTS = (OSError, ValueError, TypeError, KeyError, IndexError, EOFError, AttributeError, ArithmeticError,
                MemoryError, NotImplementedError, fits.VerifyError, CfitsioException)  # fmt: skip


@dataclass(frozen=True)
class BandCut:
    """A star in one band.

    Attributes:
        data: (size, size) float32 in the order of FITS, north up; NaN where the image holds nothing.
        header: With the coordinate system of the cut-out.
        facts: What the file's header says about the observation, its zero point and its pixel scale, and how much of
            the cut-out holds data; all plain.
    """

    data: NDArray[np.float32]
    header: Any
    facts: dict[str, Any]


def cut_from_file(path: Path, ra: float, dec: float, *, size: int, pixel_scale: float, min_coverage: float) -> BandCut:
    """Cut a square round a star.

    Args:
        path: A FITS file; its first image that holds the star counts.
        ra: Degrees.
        dec: Degrees.
        size: Side in pixels.
        pixel_scale: Wanted arcsec per pixel; an image with another one, or turned, is resampled.
        min_coverage: Smallest part of the cut-out that must hold data.

    Raises:
        NotCoveredError: The star lies outside, or where the image is empty.
        TransientError: The file is cut off.
        ServiceError: It holds no image with coordinates, or is damaged.
    """
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with fits.open(path, memmap=True, lazy_load_hdus=False) as found:
                _refuse_truncated(caught, path)
                cut = _cut(list(_images(found)), ra, dec, size, pixel_scale)
    except _FITS_FAULTS as error:
        raise ServiceError("The FITS file is damaged.", code="vo.damaged_file", hint="Ask for it again.",
                           where=path.name) from error  # fmt: skip
    _check_coverage(cut, min_coverage)
    return cut


def check_whole(path: Path) -> None:
    """Read a file's headers, and refuse it when they promise more than came.

    Raises:
        TransientError: The file is cut off.
        ServiceError: It is damaged.
    """
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with fits.open(path, memmap=True, lazy_load_hdus=False):
                _refuse_truncated(caught, path)
    except _FITS_FAULTS as error:
        if path.stat().st_size % _FITS_BLOCK:
            raise TransientError("The FITS file is cut off.", code="vo.cut_off", where=path.name) from error
        raise ServiceError("The FITS file is damaged.", code="vo.damaged_file", hint="Ask for it again.",
                           where=path.name) from error  # fmt: skip


def _refuse_truncated(caught: list[warnings.WarningMessage], path: Path) -> None:
    for item in caught:
        if issubclass(item.category, AstropyUserWarning) and "truncated" in str(item.message):
            raise TransientError("The FITS file is cut off.", code="vo.cut_off", where=path.name)


def _images(found: Any) -> Iterator[tuple[Any, Any]]:
    """Two-dimensional images with celestial coordinates, and those coordinates."""
    for extension in found:
        if not extension.is_image or extension.header.get("NAXIS") != 2:
            continue
        shape = extension.shape
        if min(shape) < 1 or math.prod(shape) > MAX_PIXELS:
            raise ServiceError(f"The image says that it has {shape[1]} x {shape[0]} pixels.", code="vo.too_large",
                               hint="Ask for cut-outs instead of whole images.")  # fmt: skip
        wcs = WCS(extension.header).celestial
        if wcs.has_celestial:
            yield extension, wcs


def _cut(images: list[tuple[Any, Any]], ra: float, dec: float, size: int, pixel_scale: float) -> BandCut:
    if not images:
        raise ServiceError("The FITS file holds no image with celestial coordinates.", code="vo.no_image",
                           hint="Check what the service calls an image.")  # fmt: skip
    for extension, wcs in images:
        rows, columns = extension.shape
        column, row = (float(value) for value in wcs.all_world2pix(ra, dec, 0, quiet=True))
        if -0.5 <= column < columns - 0.5 and -0.5 <= row < rows - 0.5:
            return _cut_image(extension, wcs, (column, row), (ra, dec), size, pixel_scale)
    raise NotCoveredError("The star lies outside of the image.")


def _cut_image(
    extension: Any, wcs: Any, pixel: tuple[float, float], position: tuple[float, float], size: int, pixel_scale: float
) -> BandCut:
    scale = float(np.mean(proj_plane_pixel_scales(wcs))) * 3600
    if not math.isfinite(scale) or scale <= 0:
        raise ServiceError("The image's coordinates make no sense.", code="vo.no_image")
    half = math.ceil(size * max(1.0, pixel_scale / scale) * 0.75) + 8
    if 4 * half * half > MAX_PIXELS:
        raise ServiceError(f"The image has pixels of {scale:.3g} arcsec, far from the wanted {pixel_scale:.3g}.",
                           code="vo.pixel_scale", hint="Check the pixel scale.")  # fmt: skip
    x0, y0 = max(0, math.floor(pixel[0]) - half), max(0, math.floor(pixel[1]) - half)
    # A section reads, and unpacks, no more than it needs.
    near = np.asarray(extension.section[y0 : math.ceil(pixel[1]) + half, x0 : math.ceil(pixel[0]) + half], np.float32)
    near = np.where(np.isfinite(near) & (near != 0), near, np.nan).astype(np.float32)  # archives fill gaps with 0
    header = wcs.to_header(relax=True)
    header["CRPIX1"], header["CRPIX2"] = header.get("CRPIX1", 0.0) - x0, header.get("CRPIX2", 0.0) - y0
    is_resampled = abs(scale / pixel_scale - 1) > _SAME_SCALE or _turned(wcs, position) > _SAME_ANGLE_DEG
    if is_resampled:
        data, new_header = _resample(near, WCS(header), position, size, pixel_scale)
        offset = (0.0, 0.0)
    else:
        try:
            found = cut_out(near, header, *position, size=size)
        except FormatError as error:
            raise NotCoveredError(error.message) from error
        data, new_header, offset = found.data, found.header, found.offset
    return BandCut(data, new_header, _facts(extension.header, scale, data, is_resampled, offset))


def _turned(wcs: Any, position: tuple[float, float]) -> float:
    """Angle in degrees between up in the image and north; 180 for a mirrored image."""
    step = 1 / 3600
    x, y = wcs.all_world2pix([position[0]] * 2, [position[1], position[1] + step], 0, quiet=True)
    east_x, _ = wcs.all_world2pix([position[0], position[0] + step], [position[1]] * 2, 0, quiet=True)
    if east_x[1] > east_x[0]:
        return 180.0
    return abs(math.degrees(math.atan2(x[1] - x[0], y[1] - y[0])))


def _resample(
    near: NDArray[np.float32], wcs: Any, position: tuple[float, float], size: int, pixel_scale: float
) -> tuple[NDArray[np.float32], Any]:
    """The image on a north-up grid of the wanted scale about the star, by linear interpolation."""
    grid = WCS(naxis=2)
    grid.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    grid.wcs.crval, grid.wcs.crpix = position, [(size + 1) / 2] * 2
    grid.wcs.cdelt = [-pixel_scale / 3600, pixel_scale / 3600]
    rows, columns = np.mgrid[:size, :size]
    ra, dec = grid.all_pix2world(columns.ravel(), rows.ravel(), 0)
    x, y = wcs.all_world2pix(ra, dec, 0, quiet=True)
    values = ndimage.map_coordinates(near, [y, x], order=1, mode="constant", cval=np.nan)
    return values.reshape(size, size).astype(np.float32), grid.to_header()


def _facts(
    header: Any, scale: float, data: NDArray[np.float32], is_resampled: bool, offset: tuple[float, float]
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "image_pixel_scale_arcsec": round(scale, 5), "is_resampled": is_resampled,
        "coverage": round(float(np.isfinite(data).mean()), 4), "offset_px": [round(value, 3) for value in offset],
    }  # fmt: skip
    for key in _ZERO_POINTS:
        value = header.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 50:
            facts["zero_point"] = float(value)
            break
    for key in _KEPT:
        value = header.get(key)
        if isinstance(value, str | int | float) and str(value).strip():
            facts[key.lower().replace("-", "_")] = value
    return facts


def _check_coverage(cut: BandCut, least: float) -> None:
    middle = cut.data.shape[0] // 2
    centre = cut.data[middle - _CENTRE : middle + _CENTRE, middle - _CENTRE : middle + _CENTRE]
    if not np.isfinite(centre).all():
        raise NotCoveredError("The image is empty where the star lies.")
    if cut.facts["coverage"] < least:
        raise NotCoveredError(f"Only {cut.facts['coverage']:.0%} of the cut-out hold data.")
