"""Cut-outs by coordinates: the pixels round a star from a FITS image with a world coordinate system."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.stellar.images.composite import SIDE

#: arcsec per pixel of the J-PLUS camera.
JPLUS_PIXEL_SCALE: Final = 0.55


@dataclass(frozen=True)
class Cutout:
    """Pixels round a position.

    Attributes:
        data: (size, size) float32 in the order of FITS; NaN outside of the image.
        header: FITS header with the coordinate system of the cut-out.
        pixel_scale: arcsec per pixel.
        inside: Part of the pixels that lie in the image, 0 to 1.
        offset: (x, y) of the star from the middle of the cut-out in pixels, at most half a pixel.
    """

    data: NDArray[np.float32]
    header: Any
    pixel_scale: float
    inside: float
    offset: tuple[float, float]


def open_fits_image(source: Path | bytes, where: str = "") -> tuple[NDArray[np.float32], Any]:
    """The first two-dimensional image of a FITS file (plain or ``.fz``) and its header.

    Raises:
        FormatError: ``image.not_fits``, ``image.truncated`` or ``image.no_image``.
    """
    from astropy.io import fits

    where = where or (source.name if isinstance(source, Path) else "")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(io.BytesIO(source) if isinstance(source, bytes) else source, memmap=False) as found:
                for extension in found:
                    if extension.is_image and extension.header.get("NAXIS", 0) == 2 and extension.data is not None:
                        return np.asarray(extension.data, np.float32), extension.header.copy()
    # A damaged header or packed pixels raise anything from OSError to zlib.error; each means the same here.
    except Exception as error:
        is_cut = "truncat" in str(error).lower() or "reshape" in str(error) or "buffer" in str(error)
        message = "The FITS image is cut short." if is_cut else "The file is not a FITS image."
        raise FormatError(message, code="image.truncated" if is_cut else "image.not_fits",
                          hint="Download it again.", where=where) from error  # fmt: skip
    raise FormatError("The FITS file holds no two-dimensional image.", code="image.no_image",
                      hint="Choose the image itself, not a catalogue or a cube.", where=where)  # fmt: skip


def cut_out(data: NDArray[np.floating], header: Any, ra: float, dec: float, size: int = SIDE) -> Cutout:
    """Cut a square round a position; what lies outside of the image becomes NaN.

    Args:
        data: (rows, columns) image in the order of FITS.
        header: Its header with a celestial coordinate system.
        ra: Degrees.
        dec: Degrees.
        size: Side in pixels.

    Raises:
        FormatError: ``image.no_wcs`` without coordinates, ``image.no_coverage`` when the position is not in the image.
    """
    from astropy.coordinates import SkyCoord
    from astropy.nddata import Cutout2D
    from astropy.nddata.utils import NoOverlapError
    from astropy.wcs import WCS
    from astropy.wcs.utils import proj_plane_pixel_scales

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated keywords are usual in archives
        try:
            wcs = WCS(header).celestial
        except (ValueError, TypeError, KeyError) as error:
            raise _no_wcs() from error
        if not wcs.has_celestial:
            raise _no_wcs()
        position = SkyCoord(ra, dec, unit="deg")
        column, row = (float(value) for value in wcs.world_to_pixel(position))
        rows, columns = data.shape
        if not (-0.5 <= column < columns - 0.5 and -0.5 <= row < rows - 0.5):
            raise _outside()
        # Cutout2D puts an even square half a pixel to the lower left of a position between pixels.
        centre = (np.floor(column) + 0.5, np.floor(row) + 0.5) if size % 2 == 0 else (round(column), round(row))
        try:
            cut = Cutout2D(data, centre, size, wcs=wcs, mode="partial", fill_value=np.nan, copy=True)
        except NoOverlapError as error:
            raise _outside() from error
        scale = float(np.mean(proj_plane_pixel_scales(wcs))) * 3600
        new_header = cut.wcs.to_header()
    pixels = np.asarray(cut.data, np.float32)
    offset = (column - float(centre[0]), row - float(centre[1]))
    return Cutout(pixels, new_header, scale, float(np.isfinite(pixels).mean()), offset)


def _no_wcs() -> FormatError:
    return FormatError("The image has no celestial coordinates.", code="image.no_wcs",
                       hint="Use images with a WCS, such as those of the archive.")  # fmt: skip


def _outside() -> FormatError:
    return FormatError("The star does not lie in the image.", code="image.no_coverage",
                       hint="Search for another image of this position.")  # fmt: skip
