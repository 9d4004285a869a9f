"""The files of a ready scene, mapped: whatever is asked, only the rows in question are read."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsi.errors import NotFoundError, SceneError
from hsi.models import Scene
from hsi.storage import existing, scene_folder
from ml_core.hsi.scene import Scene as OpenScene
from ml_core.hsi.scene_folder import STATISTICS_FILE, read_scene_folder

#: A picture of a large scene reads no more of it than this, and is coarser instead.
READ_BYTES = 512 << 20


def open_scene(scene: Scene) -> OpenScene:
    """The scene with its cube mapped.

    Raises:
        FilesMissingError: Its folder is gone.
        FormatError: It is damaged.
    """
    return read_scene_folder(existing(scene_folder(scene), "The scene"))


def open_mask(scene: Scene) -> NDArray[np.uint8]:
    """The mask, (H, W), 1 = anomaly.

    Raises:
        NotFoundError: It has none.
    """
    mask = open_scene(scene).mask if scene.has_mask else None
    if mask is None:
        raise NotFoundError("This scene has no mask.", hint="Bring one, if somebody knows where the anomalies are.")
    return mask


def read_statistics(scene: Scene) -> dict[str, Any]:
    """What the import measured of each band.

    Raises:
        FilesMissingError: The file is gone.
    """
    path = existing(scene_folder(scene) / STATISTICS_FILE, "The file of statistics")
    measured: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return measured


def side_for(shape: tuple[int, int, int], itemsize: int, side: int) -> int:
    """The longest side of a picture that does not read too much of a cube: to see one band, all are read."""
    height, width, bands = shape
    by_bytes = math.ceil(height * width * bands * itemsize / READ_BYTES)
    return max(1, min(side, math.ceil(max(height, width) / by_bytes)))


def checked_band(scene: Scene, band: int) -> int:
    """A band that exists.

    Raises:
        NotFoundError: It does not.
    """
    if not 0 <= band < (scene.bands or 0):
        raise NotFoundError(f"There is no band {band}.", hint=f"Bands are numbered from 0 to {(scene.bands or 1) - 1}.",
                            where="band")  # fmt: skip
    return band


def checked_pixel(scene: Scene, row: int, column: int) -> tuple[int, int]:
    """A pixel that exists.

    Raises:
        NotFoundError: It does not.
    """
    if not (0 <= row < (scene.height or 0) and 0 <= column < (scene.width or 0)):
        raise NotFoundError(f"There is no pixel at row {row}, column {column}.", where="row",
                            hint=f"The scene has {scene.height} rows and {scene.width} columns.")  # fmt: skip
    return row, column


def checked_pixels(scene: Scene, text: str, most: int = 50) -> list[tuple[int, int]]:
    """Pixels from a text such as ``3,4;10,12``.

    Raises:
        SceneError: It cannot be read, or names too many.
        NotFoundError: One does not exist.
    """
    try:
        pairs = [tuple(int(part) for part in pair.split(",")) for pair in text.split(";") if pair]
        found = [(row, column) for row, column in pairs]
    except ValueError as error:
        raise SceneError("The list of pixels cannot be read.", code="hsi.pixels", where="pixels",
                         hint="Write row,column;row,column.") from error  # fmt: skip
    if not 0 < len(found) <= most:
        raise SceneError(f"Ask for 1 to {most} pixels.", code="hsi.pixels", where="pixels",
                         hint="Ask for the others in further requests.")  # fmt: skip
    return [checked_pixel(scene, *pixel) for pixel in found]


def plain(values: NDArray[Any]) -> list[float | None]:
    """Numbers for JSON, which knows no NaN."""
    return [float(value) if math.isfinite(value) else None for value in values]
