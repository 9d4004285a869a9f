"""A map as a file for other programs: numbers, GeoTIFF, ENVI, a picture, or its regions as a table."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from hsi.errors import NotFoundError
from hsi.models import AnomalyMap
from hsi.services.find_regions import map_regions
from hsi.services.read_map import checked_method, open_map
from ml_core.hsi.export import regions_csv, write_envi, write_geotiff, write_npy, write_png
from ml_core.hsi.scene import Georeference

#: Name in addresses -> ending and type of the file.
FORMATS: Final = {
    "npy": (".npy", "application/octet-stream"),
    "geotiff": (".tif", "image/tiff"),
    "envi": (".zip", "application/zip"),
    "png": (".png", "image/png"),
    "csv": (".csv", "text/csv; charset=utf-8"),
}
MOST_REGIONS = 1000


@dataclass(frozen=True)
class Export:
    """A file ready to be sent; ``discard`` removes it afterwards."""

    path: Path
    name: str
    media_type: str
    discard: Callable[[], None]


def export_map(
    anomaly_map: AnomalyMap,
    form: str,
    *,
    method: str = "",
    threshold: float | None = None,
    colours: str = "inferno",
) -> Export:
    """Write the file.

    Args:
        anomaly_map: A ready map.
        form: One of `FORMATS`.
        method: One of its methods; the main one when empty.
        threshold: For the picture and the table of regions.
        colours: For the picture.

    Raises:
        NotFoundError: There is no such format or method.
        CodedError: The place on the ground cannot be said in this format.
    """
    if form not in FORMATS:
        raise NotFoundError(f'There is no format "{form[:20]}".', hint=f"One of: {', '.join(FORMATS)}.", where="format")
    chosen = checked_method(anomaly_map, method)
    suffix, media_type = FORMATS[form]
    stem = f"{file_stem(anomaly_map.scene.name)}-{file_stem(chosen)}"
    path = _temporary(suffix)
    try:
        if form == "csv":
            from ml_core.hsi.metrics.regions import COLUMNS  # scipy: not when the web process starts

            regions = map_regions(anomaly_map, method=chosen, threshold=threshold, count=MOST_REGIONS)["regions"]
            table = regions_csv(regions, place_of(anomaly_map), columns=COLUMNS)
            path.write_text(table, encoding="utf-8", newline="")
        elif form == "png":
            write_png(np.asarray(open_map(anomaly_map, chosen)), path, colours=colours, threshold=threshold)
        else:
            _write_numbers(form, open_map(anomaly_map, chosen), path, place_of(anomaly_map), chosen, stem)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Export(path, f"{stem}{suffix}", media_type, lambda: path.unlink(missing_ok=True))


def place_of(anomaly_map: AnomalyMap) -> Georeference | None:
    """Where the scene lies on the ground."""
    known: dict[str, Any] = anomaly_map.scene.georeference
    if not known:
        return None
    a, b, c, d, e, f = known["transform"]
    return Georeference((a, b, c, d, e, f), known.get("crs", ""))


def file_stem(text: str) -> str:
    """A file name made of a text, safe on every system."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()[:60] or "map"


def _write_numbers(
    form: str, values: NDArray[np.float32], path: Path, place: Georeference | None, method: str, stem: str
) -> None:
    if form == "npy":
        write_npy(values, path)
    elif form == "geotiff":
        write_geotiff(values, path, georeference=place, names=[method])
    else:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            written = write_envi(values, Path(folder) / f"{stem}.hdr", georeference=place, names=[method])
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for file in written:
                    archive.write(file, file.name)


def _temporary(suffix: str) -> Path:
    Path(settings.TEMP_DIR).mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=settings.TEMP_DIR, prefix="map-", suffix=suffix, delete=False) as stream:
        return Path(stream.name)
