"""Small pictures for grids and covers: made when first asked for, kept on the disk, never larger than allowed."""

from __future__ import annotations

import io
import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from cvstudio.datasets.errors import DatasetError
from cvstudio.datasets.models import DatasetImage, DatasetVersion
from cvstudio.datasets.storage import image_file, thumbnail_folder
from ml_core.data.decode import load_image

#: Longest side in pixels: a grid, a dense screen's grid or a card, and the large view.
SIZES = (160, 320, 1280)

#: The web process decodes no more than this: 40 million pixels as RGB are 120 MB.
MAX_PIXELS = 40_000_000

#: JPEG is decoded at an eighth of its size, so that its bound may be wider.
MAX_PIXELS_JPEG = 89_000_000

#: Few decode at once, and of the large ones only one, so that the web process stays small.
_AT_ONCE = threading.BoundedSemaphore(2)
_LARGE_AT_ONCE = threading.Lock()
_LARGE_PIXELS = 8_000_000


@dataclass(frozen=True)
class Thumbnail:
    """A finished thumbnail.

    Attributes:
        path: The file.
        media_type: Follows from how it was written.
        etag: Changes when the picture does.
    """

    path: Path
    media_type: str
    etag: str

    def content(self) -> bytes:
        """The bytes: some kilobytes."""
        return self.path.read_bytes()


def thumbnail_etag(image: DatasetImage, size: int) -> str:
    """What a client may keep: the content decides, and the size."""
    return f'"{image.sha256[:32]}-{size}"'


def make_thumbnail(version: DatasetVersion, image: DatasetImage, size: int) -> Thumbnail:
    """The thumbnail of an image, from the cache or fresh.

    Raises:
        DatasetError: The size is not one of `SIZES`.
        NotFoundError: The file is gone.
        FormatError: It cannot be decoded.
        UnsafeFileError: It has too many pixels.
    """
    if size not in SIZES:
        raise DatasetError("There is no thumbnail of this size.", code="thumbnail.size", where="size",
                           hint=f"Sizes: {', '.join(map(str, SIZES))}.")  # fmt: skip
    folder = thumbnail_folder(version.dataset_id) / image.sha256[:2]
    etag = thumbnail_etag(image, size)
    for suffix, media_type in ((".jpg", "image/jpeg"), (".png", "image/png")):
        path = folder / f"{image.sha256}-{size}{suffix}"
        if path.is_file():
            return Thumbnail(path, media_type, etag)
    is_large = image.format != "JPEG" and image.width * image.height > _LARGE_PIXELS
    with _LARGE_AT_ONCE if is_large else _AT_ONCE:
        suffix, media_type, content = _render(image_file(version, image), image, size)
    path = folder / f"{image.sha256}-{size}{suffix}"
    _write(path, content)
    return Thumbnail(path, media_type, etag)


def _render(path: Path, image: DatasetImage, size: int) -> tuple[str, str, bytes]:
    bound = MAX_PIXELS_JPEG if image.format == "JPEG" else MAX_PIXELS
    picture = load_image(path, "RGB", max_pixels=bound, draft=(size, size))
    buffer = io.BytesIO()
    if max(picture.size) <= size and max(picture.size) <= SIZES[0]:
        picture.save(buffer, "PNG")  # tiny pictures stay exactly as they are
        return ".png", "image/png", buffer.getvalue()
    picture.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    picture.save(buffer, "JPEG", quality=85, optimize=True)
    return ".jpg", "image/jpeg", buffer.getvalue()


def _write(path: Path, content: bytes) -> None:
    """A reader sees a whole file or none. A cache needs no flush: what a crash takes is made again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
