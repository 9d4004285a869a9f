"""Pictures of scenes: false colour, one band, thumbnails. Drawn when first asked for, then kept on the disk."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hsi.errors import SceneError
from hsi.models import Scene
from hsi.services.open_scene import checked_band, open_scene, step_for
from hsi.storage import existing, picture_folder, scene_folder
from ml_core.hsi.scene_folder import PREVIEW_FILE

THUMBNAIL: Final = 320
MAX_SIDE: Final = 4096
MAX_KEPT: Final = 400
_FEW: Final = threading.BoundedSemaphore(2)  # so that the web process stays small


def false_colour(
    scene: Scene, bands: Sequence[int], *, low: float = 2, high: float = 98, gamma: float = 1, size: int = 2048
) -> bytes:
    """PNG of three bands as red, green, blue, or of one band in grey.

    Args:
        scene: A ready scene.
        bands: One or three.
        low: Percentile that becomes black, each band by itself.
        high: Percentile that becomes white.
        gamma: Above 1 lightens the middle.
        size: Longest side; a larger scene is drawn from every so manyth pixel.

    Raises:
        NotFoundError: There is no such band.
        SceneError: A number makes no sense.
    """
    if len(bands) not in (1, 3):
        raise SceneError("Choose one band or three.", code="hsi.bands", where="bands", hint="Such as bands=30,20,10.")
    if not (0 <= low < high <= 100 and 0.1 <= gamma <= 10 and 16 <= size <= MAX_SIDE):
        raise SceneError("The stretch is out of bounds.", code="hsi.stretch", where="low",
                         hint="0 <= low < high <= 100, gamma 0.1 to 10, size 16 to 4096.")  # fmt: skip
    chosen = [checked_band(scene, band) for band in bands]

    def draw() -> bytes:
        cube = open_scene(scene).cube
        step = step_for(cube, size)
        parts = [stretched(np.asarray(cube[::step, ::step, band], np.float32), low, high, gamma) for band in chosen]
        return png_bytes(parts[0] if len(parts) == 1 else np.stack(parts, axis=2))

    return kept_picture(scene.id, picture_key(scene.fingerprint, *chosen, low, high, gamma, size), draw)


def thumbnail(scene: Scene, size: int = THUMBNAIL) -> bytes:
    """PNG of the import's preview, no larger than ``size``."""

    def draw() -> bytes:
        with Image.open(existing(scene_folder(scene) / PREVIEW_FILE, "The preview")) as picture:
            picture.thumbnail((size, size))
            buffer = io.BytesIO()
            picture.save(buffer, "PNG")
        return buffer.getvalue()

    return kept_picture(scene.id, picture_key(scene.fingerprint, "thumbnail", size), draw)


def stretched(values: NDArray[np.float32], low: float, high: float, gamma: float) -> NDArray[np.uint8]:
    """Values as 8-bit grey between two percentiles; what is not finite is black."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.zeros(values.shape, np.uint8)
    bottom, top = np.percentile(finite, [low, high])
    share = np.clip((np.nan_to_num(values, nan=bottom) - bottom) / max(top - bottom, 1e-12), 0, 1)
    return np.round(255 * share ** (1 / gamma)).astype(np.uint8)


def png_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of (H, W) grey or (H, W, 3) colour."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def picture_key(*parts: Any) -> str:
    """The name of a picture and its tag for the browser: everything that it depends on."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:40]


def kept_picture(scene_id: UUID, key: str, draw: Callable[[], bytes]) -> bytes:
    """A picture from the cache or fresh; a reader sees a whole file or none."""
    path = picture_folder(scene_id) / f"{key}.png"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    with _FEW:
        content = draw()
    path.parent.mkdir(parents=True, exist_ok=True)
    _make_room(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    Path(name).replace(path)
    return content


def _make_room(folder: Path) -> None:
    """Playing through all bands with all stretches must not fill the disk: the oldest pictures go."""
    files = list(folder.glob("*.png"))
    if len(files) < MAX_KEPT:
        return
    for path in sorted(files, key=lambda file: file.stat().st_mtime)[: MAX_KEPT // 4]:
        path.unlink(missing_ok=True)
