"""Plain numbers of a scene for programs and for the browser."""

from __future__ import annotations

import numpy as np

from hsi.errors import SceneError
from hsi.models import Scene
from hsi.services.open_scene import READ_BYTES, checked_band, open_mask, open_scene
from hsi.services.read_map import MAX_VALUES


def mask_bytes(scene: Scene) -> bytes:
    """One byte for each pixel, row by row: 1 = anomaly.

    Raises:
        NotFoundError: The scene has no mask.
    """
    return np.ascontiguousarray(open_mask(scene), np.uint8).tobytes()


def band_bytes(scene: Scene, band: int) -> bytes:
    """The values of a band as little-endian float32, row by row.

    Raises:
        NotFoundError: There is no such band.
        SceneError: There are more than are sent at once, or too much would have to be read.
    """
    band = checked_band(scene, band)
    cube = open_scene(scene).cube
    if cube.shape[0] * cube.shape[1] > MAX_VALUES or cube.nbytes > READ_BYTES:
        raise SceneError("This scene is too large to send a whole band.", code="hsi.band_too_large", where="band",
                         hint="Look at its picture, or map the scene folder.")  # fmt: skip
    return np.ascontiguousarray(cube[:, :, band], "<f4").tobytes()
