"""Note what is wrong in a collection: images under the wrong name, images that do not belong, images that are missing.

Corrections wait until they are applied together, since each application makes a new version.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from django.db import transaction

from anime.errors import AnimeError
from anime.models import CharacterImage, Collection, Correction, Recognition
from anime.storage import additions_folder, existing, recognition_file
from cvstudio.inference.limits import limits
from ml_core.anime.collection.extend import folder_name
from ml_core.data.image_header import inspect_image

MOST_ADDED: Final = 500
_ENDINGS: Final = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tif"}


def move_images(collection: Collection, images: list[CharacterImage], name: str) -> list[Correction]:
    """Say that images show somebody else, who may be new.

    Raises:
        AnimeError: No image is named, or they are that character's already.
        CollectionError: ``anime.name``.
    """
    after = folder_name(name)
    moved = [image for image in images if image.character.name != after]
    if not moved:
        raise AnimeError(f"No image would be moved to {after}.", code="anime.nothing_changes", where="images",
                         hint="Choose images of another character.")  # fmt: skip
    return _note(collection, Correction.Action.MOVE, moved, after)


def leave_out(collection: Collection, images: list[CharacterImage]) -> list[Correction]:
    """Say that images do not belong into the collection.

    Raises:
        AnimeError: No image is named.
    """
    if not images:
        raise AnimeError("No image was chosen.", code="anime.nothing_changes", where="images", hint="Choose some.")
    return _note(collection, Correction.Action.LEAVE_OUT, images, "")


def add_images(collection: Collection, name: str, files: list[tuple[str, bytes]]) -> list[Correction]:
    """Bring further images of a character, known or new.

    Args:
        collection: Where they go.
        name: Of the character.
        files: Names and contents. One that is no usable image is refused with all others, so that nothing is half done.

    Raises:
        AnimeError: There is no file, or there are too many.
        FormatError: A file is no image, or a damaged one; ``where`` is its name.
        CollectionError: ``anime.name``.
    """
    if not 0 < len(files) <= MOST_ADDED:
        raise AnimeError(f"Between 1 and {MOST_ADDED} images are added at once.", code="anime.images", where="image",
                         hint="Choose images." if not files else "Send them in parts.")  # fmt: skip
    after, folder = folder_name(name), additions_folder(collection)
    folder.mkdir(parents=True, exist_ok=True)
    kept: list[Path] = []
    try:
        for file_name, content in files:
            kept.append(keep_image(folder, content, where=file_name))
        return _adding(collection, kept, after)
    except BaseException:
        for path in kept:
            path.unlink(missing_ok=True)
        raise


def add_recognition(recognition: Recognition, collection: Collection, name: str) -> list[Correction]:
    """Make an image that was to be recognised one of a character's, so that the next training learns from it.

    Raises:
        FilesMissingError: Its file is gone.
        CollectionError: ``anime.name``.
    """
    after, folder = folder_name(name), additions_folder(collection)
    source = existing(recognition_file(recognition.id), "The image")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid4().hex}.{_ending(source)}"
    shutil.copyfile(source, path)
    with transaction.atomic():
        Correction.objects.filter(recognition=recognition, state=Correction.State.WAITING).delete()
        return _adding(collection, [path], after, recognition)


def keep_image(folder: Path, content: bytes, *, where: str) -> Path:
    """Write an image under a fresh name with the ending that its content has.

    Raises:
        AnimeError: It is too large.
        FormatError: It is no image, or a damaged one.
    """
    if len(content) > limits().max_image_bytes:
        raise AnimeError(f"The image is larger than {limits().max_image_bytes:,} bytes.", code="anime.too_large",
                         where=where, hint="Send a smaller one.")  # fmt: skip
    raw = folder / uuid4().hex
    raw.write_bytes(content)
    try:
        path = raw.with_suffix(f".{_ending(raw, where)}")
    except BaseException:
        raw.unlink()
        raise
    raw.rename(path)
    return path


def _ending(path: Path, where: str = "") -> str:
    from ml_core.errors import CodedError

    try:
        return _ENDINGS.get(inspect_image(path).format, "png")
    except CodedError as error:
        error.where = where or error.where
        raise


def _note(collection: Collection, action: str, images: list[CharacterImage], after: str) -> list[Correction]:
    """A later correction of the same image replaces the earlier one that waits."""
    paths = [image.path for image in images]
    with transaction.atomic():
        waiting: Any = Correction.objects.filter(collection=collection, state=Correction.State.WAITING)
        waiting.filter(path__in=paths).exclude(action=Correction.Action.ADD).delete()
        group = uuid4()
        return Correction.objects.bulk_create(
            Correction(
                collection=collection, group=group, action=action, path=image.path, before=image.character.name,
                after=after,
            )
            for image in images
        )  # fmt: skip


def _adding(
    collection: Collection, paths: list[Path], after: str, recognition: Recognition | None = None
) -> list[Correction]:
    group = uuid4()
    return Correction.objects.bulk_create(
        Correction(
            collection=collection, group=group, action=Correction.Action.ADD, path=path.name, after=after,
            recognition=recognition,
        )
        for path in paths
    )  # fmt: skip
