"""GeoTIFF: each band of the file is a spectral band. Read in windows of rows; other GDAL drivers are never asked."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from ml_core.errors import FormatError
from ml_core.hsi.formats.scene_file import FileFacts, SceneFile
from ml_core.hsi.formats.stored import Progress, StoredArray, blocks, number_refusal, refuse_bomb, truncated
from ml_core.hsi.formats.wavelengths import as_nanometres
from ml_core.hsi.scene import Georeference

_MAX_BANDS: Final = 4_096
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
# Files beside the image (.aux.xml, .ovr, .msk) are not asked for: they may be anything.
_SETTINGS: Final = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO", "GDAL_CACHEMAX": 64}


class TiffArray(StoredArray):
    """All bands of a file as (H, W, B)."""

    def __init__(self, path: Path, shape: tuple[int, int, int], dtype: np.dtype[Any], refusal: str, rows: int) -> None:
        super().__init__("", shape, dtype, refusal=refusal)
        self.path, self.rows = path, max(1, rows)

    def fill(self, target: NDArray[Any], progress: Progress | None = None) -> None:
        """Read it in windows of whole strips or tiles."""
        height, width = target.shape[:2]
        try:
            with _opened(self.path) as image:
                for start, stop in blocks(-(-height // self.rows), target.nbytes):
                    first, last = start * self.rows, min(stop * self.rows, height)
                    window = Window(0, first, width, last - first)  # type: ignore[no-untyped-call]
                    target[first:last] = np.moveaxis(image.read(window=window), 0, -1)
                    if progress is not None:
                        progress(last, height)
        except (RasterioError, OSError, ValueError) as error:
            raise truncated(self.path.name) from error


def read_geotiff(path: Path) -> SceneFile:
    """Look into a GeoTIFF.

    Raises:
        FormatError: It is damaged, has no band, or shows colours of a palette.
        UnsafeFileError: It is a bomb.
    """
    try:
        with _opened(path) as image:
            if not 0 < image.count <= _MAX_BANDS:
                raise FormatError(f"The image has {image.count:,} bands.", code="hsi.no_cube", where=path.name,
                                  hint="Bring an image with one to 4,096 bands.")  # fmt: skip
            if ColorInterp.palette in image.colorinterp:
                raise FormatError("The image holds numbers of colours in a palette, no measurements.",
                                  code="hsi.palette", where=path.name,
                                  hint="Export the measured values, without a colour table.")  # fmt: skip
            dtype = np.result_type(*[np.dtype(name) for name in image.dtypes])
            shape = (image.height, image.width, image.count)
            rows, facts = image.block_shapes[0][0], _facts(image, path)
    except (RasterioError, OSError, ValueError, TypeError) as error:
        raise FormatError("The TIFF file is damaged or of a kind that cannot be read.", code="hsi.damaged",
                          where=path.name, hint="Save it as a plain GeoTIFF.") from error  # fmt: skip
    array = TiffArray(path, shape, dtype, number_refusal(dtype, "The image"), rows)
    refuse_bomb(array.nbytes, path.stat().st_size, path.name)
    return SceneFile(path, "geotiff", (array,), facts, fixed_axes=True, parts=(path,))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    with rasterio.Env(**_SETTINGS), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        # An absolute path cannot be mistaken for one of GDAL's virtual file systems.
        with rasterio.open(path.absolute(), driver="GTiff", sharing=False) as image:
            yield image


def _facts(image: Any, path: Path) -> FileFacts:
    place = None
    if image.crs or not image.transform.is_identity:
        place = Georeference(tuple(image.transform)[:6], image.crs.to_wkt() if image.crs else "")
    wavelengths, evidence = _wavelengths(image)
    return FileFacts(name=path.stem, sensor=" ".join(image.tags().get("SENSOR", "").split())[:200],
                     wavelengths=wavelengths, georeference=place, nodata=image.nodata, evidence=evidence)  # fmt: skip


def _wavelengths(image: Any) -> tuple[NDArray[np.float64] | None, tuple[str, ...]]:
    """From the tags of the bands, else from their descriptions; all bands must tell."""
    tags = [{key.lower(): value for key, value in image.tags(band + 1).items()} for band in range(image.count)]
    named = [entry.get("wavelength", "") for entry in tags]
    described = [description or "" for description in image.descriptions]
    for texts, source in ((named, "tags"), (described, "names")):
        numbers = [_NUMBER.search(text) for text in texts]
        if image.count > 1 and all(numbers):
            values = np.array([float(number.group()) for number in numbers if number])
            found = as_nanometres(values, tags[0].get("wavelength_units", ""))
            if found is not None and (source == "tags" or bool((np.diff(found) > 0).all() and found.min() >= 200)):
                return found, (f"Wavelengths were read from the {source} of the bands.",)
    return None, ()
