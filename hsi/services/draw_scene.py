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

from PIL import Image

from hsi.errors import SceneError
from hsi.models import Scene
from hsi.services.open_scene import checked_band, open_scene, side_for
from hsi.storage import existing, picture_folder, scene_folder
from ml_core.hsi.preview import png_bytes, read_bands, stretch
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
        opened = open_scene(scene)
        side = side_for(opened.shape, opened.cube.dtype.itemsize, size)
        picture = stretch(read_bands(opened, tuple(chosen), side), low=low, high=high, gamma=gamma)
        return png_bytes(picture[..., 0] if len(chosen) == 1 else picture)

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
