"""A picture of what an import would make of the chosen arrays, before anything is imported."""

from __future__ import annotations

from typing import Any

import numpy as np

from hsi.errors import SceneError
from hsi.models import Scene
from hsi.services.draw_scene import png_bytes, stretched
from hsi.services.inspect_files import inspect_files
from hsi.services.open_scene import step_for
from ml_core.hsi.formats.axis_order import arrange
from ml_core.hsi.formats.masks import read_mask

SIDE = 512
#: A packed array must be read whole for a picture; the web process does that with small ones only.
MAX_UNPACKED_BYTES = 256 << 20
_MARK = np.array([255, 64, 160], np.uint8)


def preview_files(scene: Scene, choice: dict[str, Any]) -> bytes:
    """PNG in false colour as the choice reads the files, with the mask in pink.

    Raises:
        SceneError: The scene is not a draft any more, or the array must be unpacked and is too large for that.
        FormatError: What was chosen is not in the files, or cannot be read.
    """
    if not scene.origin:
        raise SceneError("The files of this scene are gone since its import.", code="hsi.imported",
                         hint="Look at the scene itself.")  # fmt: skip
    found = inspect_files(scene, {**scene.choice, **choice})
    stored = found.cube.found.stored
    if not stored.is_mappable and stored.nbytes > MAX_UNPACKED_BYTES:
        raise SceneError("This array is packed and too large for a picture beforehand.", code="hsi.too_large",
                         hint="Import it: the import unpacks it piece by piece.", where="cube_key")  # fmt: skip
    cube = arrange(stored.open(), found.cube.axis_order)
    step = step_for(cube, SIDE)
    bands = [round(share * (cube.shape[2] - 1)) for share in (0.75, 0.5, 0.25)]
    parts = [stretched(np.asarray(cube[::step, ::step, band], np.float32), 2, 98, 1) for band in bands]
    picture = np.stack(parts, axis=2)
    if found.mask is not None:
        marked = read_mask(found.mask)[::step, ::step] > 0
        picture[marked] = picture[marked] // 2 + _MARK // 2
    return png_bytes(picture)
