"""A picture of what an import would make of the chosen arrays, before anything is imported."""

from __future__ import annotations

from typing import Any

import numpy as np

from hsi.errors import SceneError
from hsi.models import Scene
from hsi.services.inspect_files import inspect_files
from hsi.services.open_scene import side_for
from ml_core.hsi.formats.axis_order import arrange
from ml_core.hsi.formats.masks import read_mask
from ml_core.hsi.preview import default_bands, draw_mask, png_bytes, read_bands, stretch
from ml_core.hsi.scene import Scene as OpenScene

SIDE = 512
#: A packed array must be read whole for a picture; the web process does that with small ones only.
MAX_UNPACKED_BYTES = 256 << 20


def preview_files(scene: Scene, choice: dict[str, Any]) -> bytes:
    """PNG in false colour as the choice reads the files, with the mask outlined.

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
    opened = OpenScene("", cube, None, found.facts.wavelengths, np.ones(cube.shape[2], bool))
    side = side_for(opened.shape, cube.dtype.itemsize, SIDE)
    picture = stretch(read_bands(opened, default_bands(opened), side))
    return png_bytes(picture if found.mask is None else draw_mask(picture, read_mask(found.mask)))
