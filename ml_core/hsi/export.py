"""Writes maps, cubes and regions in formats that other programs read, with the georeference where there is one."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import CodedError
from ml_core.hsi.formats.stored import blocks
from ml_core.hsi.preview import map_image, png_bytes
from ml_core.hsi.scene import Georeference, Scene

ENVI_TYPES: Final = {"u1": 1, "i2": 2, "i4": 3, "f4": 4, "f8": 5, "u2": 12, "u4": 13, "i8": 14, "u8": 15}

# What begins with one of these is a formula to a spreadsheet.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_npy(values: NDArray[Any], path: Path) -> Path:
    """Write a map (H, W) or cube (H, W, B) as ``.npy``."""
    with path.open("wb") as stream:
        np.save(stream, values, allow_pickle=False)
    return path


def write_png(values: NDArray[Any], path: Path, *, colours: str = "viridis", threshold: float | None = None) -> Path:
    """Write a map (H, W) as a coloured picture at full size."""
    height, width = values.shape
    path.write_bytes(
        png_bytes(map_image(values, colours=colours, threshold=threshold, max_side=max(height, width)))
    )  # fmt: skip
    return path


def write_geotiff(
    values: NDArray[Any],
    path: Path,
    *,
    georeference: Georeference | None = None,
    names: Iterable[str] = (),
    wavelengths: NDArray[np.float64] | None = None,
) -> Path:
    """Write a map (H, W) or cube (H, W, B) as compressed GeoTIFF, block of rows by block of rows.

    Args:
        values: Map or cube of a real type; float16 and 64-bit integers become float32 and float64.
        path: File to write.
        georeference: Place on the ground, or None.
        names: Descriptions of the bands.
        wavelengths: (B,) in nanometres, written as tags of the bands.
    """
    import rasterio  # half a second, for exports alone
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.windows import Window

    cube = values[..., None] if values.ndim == 2 else values
    height, width, bands = cube.shape
    dtype = _tiff_type(cube.dtype)
    profile: dict[str, Any] = {
        "driver": "GTiff", "height": height, "width": width, "count": bands, "dtype": dtype.name,
        "compress": "deflate", "predictor": 3 if dtype.kind == "f" else 2, "bigtiff": "if_safer",
    }  # fmt: skip
    profile |= _place(georeference)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path.absolute(), "w", **profile) as image:
            for start, stop in blocks(height, cube.nbytes):
                rows = np.moveaxis(np.asarray(cube[start:stop], dtype), -1, 0)
                image.write(rows, window=Window(0, start, width, stop - start))  # type: ignore[no-untyped-call]
            for band, name in enumerate(names, start=1):
                image.set_band_description(band, name)
            for band, wavelength in enumerate([] if wavelengths is None else wavelengths, start=1):
                image.update_tags(band, wavelength=f"{wavelength:g}", wavelength_units="Nanometers")
    return path


def write_envi(
    values: NDArray[Any],
    path: Path,
    *,
    georeference: Georeference | None = None,
    names: Iterable[str] = (),
    wavelengths: NDArray[np.float64] | None = None,
    good_bands: NDArray[np.bool_] | None = None,
    sensor: str = "",
    description: str = "",
) -> tuple[Path, Path]:
    """Write a map (H, W) or cube (H, W, B) as ENVI, interleaved by line.

    Args:
        values: Map or cube of a real type.
        path: Header to write, ending in ``.hdr``; the data go beside it as ``.img``.
        georeference: Place on the ground, or None; ENVI knows none that is sheared.
        names: Names of the bands.
        wavelengths: (B,) in nanometres.
        good_bands: (B,) bool.
        sensor: Name of the sensor.
        description: One line for people.

    Returns:
        Header and data file.

    Raises:
        CodedError: ``hsi.export``: the type or the place cannot be written.
    """
    cube = values[..., None] if values.ndim == 2 else values
    dtype = np.dtype(np.float32) if cube.dtype == np.float16 else cube.dtype
    kind = ENVI_TYPES.get(dtype.str[1:])
    if kind is None:
        raise CodedError(f"ENVI has no type for {dtype} values.", code="hsi.export", where="values",
                         hint="Export numbers, not marks or texts.")  # fmt: skip
    height, width, bands = cube.shape
    fields: dict[str, str] = {
        "description": _braced(description or "Written by CV Studio"), "samples": str(width), "lines": str(height),
        "bands": str(bands), "header offset": "0", "file type": "ENVI Standard", "data type": str(kind),
        "interleave": "bil", "byte order": "0",
    }  # fmt: skip
    if sensor:
        fields["sensor type"] = _plain(sensor)
    if wavelengths is not None:
        fields |= {"wavelength units": "Nanometers", "wavelength": _braced(*(f"{value:.10g}" for value in wavelengths))}
    if good_bands is not None:
        fields["bbl"] = _braced(*(str(int(good)) for good in good_bands))
    if listed := list(names):
        fields["band names"] = _braced(*listed)
    fields |= _map_info(georeference)
    data = path.with_suffix(".img")
    with data.open("wb") as stream:
        for start, stop in blocks(height, cube.nbytes):
            rows = np.asarray(cube[start:stop], dtype.newbyteorder("<")).transpose(0, 2, 1)
            stream.write(np.ascontiguousarray(rows).tobytes())
    path.write_text("ENVI\n" + "".join(f"{key} = {text}\n" for key, text in fields.items()), encoding="latin-1",
                    errors="replace")  # fmt: skip
    return path, data


def write_scene_envi(scene: Scene, path: Path) -> tuple[Path, Path]:
    """Write a scene's cube with all that is known about it."""
    return write_envi(
        scene.cube, path, georeference=scene.georeference, wavelengths=scene.wavelengths, good_bands=scene.good_bands,
        sensor=scene.sensor, description=scene.name,
    )  # fmt: skip


def regions_csv(
    regions: Iterable[Mapping[str, Any]], georeference: Georeference | None = None, *, columns: Sequence[str] = ()
) -> str:
    """Regions as CSV that no spreadsheet takes for formulas; with x and y on the ground where they are known.

    Args:
        regions: Each with equal keys. ``row`` and ``column`` (centre, from 0) give the place; lists are left out.
        georeference: Place on the ground, or None.
        columns: Header of the table when there are no regions.
    """
    buffer = io.StringIO()
    writer: Any = None
    for region in regions:
        flat = {key: value for key, value in region.items() if not isinstance(value, list | tuple | dict)}
        if georeference is not None and "row" in region and "column" in region:
            x, y = ground_position(georeference, float(region["row"]), float(region["column"]))
            flat |= {"x": round(x, 9), "y": round(y, 9)}  # 1e-9 degrees are a tenth of a millimetre
        if writer is None:
            writer = csv.DictWriter(buffer, list(flat), extrasaction="ignore", lineterminator="\r\n")
            writer.writeheader()
        writer.writerow({key: safe_cell(value) for key, value in flat.items()})
    if writer is None and columns:
        csv.writer(buffer, lineterminator="\r\n").writerow(columns)
    return buffer.getvalue()


def safe_cell(value: Any) -> Any:
    """A value for CSV: numbers as they are, texts that a spreadsheet would run get a quote before them."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value


def ground_position(georeference: Georeference, row: float, column: float) -> tuple[float, float]:
    """x and y of the centre of a pixel."""
    a, b, c, d, e, f = georeference.transform
    return a * (column + 0.5) + b * (row + 0.5) + c, d * (column + 0.5) + e * (row + 0.5) + f


def _tiff_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    if dtype == np.float16:
        return np.dtype(np.float32)
    return np.dtype(np.float64) if dtype.kind in "iu" and dtype.itemsize == 8 else dtype.newbyteorder("=")


def _place(georeference: Georeference | None) -> dict[str, Any]:
    if georeference is None:
        return {}
    from rasterio.transform import Affine

    place: dict[str, Any] = {"transform": Affine(*georeference.transform)}
    return place | ({"crs": georeference.crs} if georeference.crs else {})


def _map_info(georeference: Georeference | None) -> dict[str, str]:
    if georeference is None:
        return {}
    a, b, c, d, e, f = georeference.transform
    if b or d or a <= 0 or e >= 0:
        raise CodedError("The scene lies turned or sheared on the ground, which ENVI's map info cannot say.",
                         code="hsi.export", where="georeference", hint="Export it as GeoTIFF.")  # fmt: skip
    numbers = (f"{value:.12g}" for value in (1, 1, c, f, a, -e))
    fields = {"map info": _braced("Arbitrary", *numbers)}
    return fields | ({"coordinate system string": "{" + _plain(georeference.crs) + "}"} if georeference.crs else {})


def _braced(*items: str) -> str:
    return "{" + ", ".join(_plain(item).replace(",", ";") for item in items) + "}"


def _plain(text: str) -> str:
    """Text that cannot end a value of a header early."""
    return " ".join(text.replace("{", "(").replace("}", ")").split())
