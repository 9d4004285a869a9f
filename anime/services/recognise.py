"""Recognise an image and keep the answer; say who it really is; forget it."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from django.db import transaction

from anime.models import Collection, Correction, Recognition
from anime.services.ask_recogniser import ask_recogniser, png_of
from anime.services.correct_images import add_recognition
from anime.storage import additions_folder, files_of, map_file, recognition_file, square_file, view_file
from cvstudio.datasets.services.make_thumbnail import MAX_PIXELS
from cvstudio.weights.models import WeightVersion
from ml_core.data.decode import load_image
from ml_core.data.image_header import inspect_image

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

VIEW_SIDE: Final = 640
_PICTURES: Final = {"activation_map": map_file, "square": square_file}


def recognise(
    user: User,
    recogniser: WeightVersion,
    image: bytes,
    *,
    text: str = "",
    file_name: str = "",
    collection: Collection | None = None,
) -> Recognition:
    """Ask the infer worker, and keep image and answer.

    Args:
        user: Who asks.
        recogniser: The caller has checked that the person may see it, and the collection.
        image: An encoded image.
        text: Words about who is on it, for a recogniser that reads; kept with the answer as ``words``.
        file_name: For people.
        collection: Whose images the nearest ones are.

    Raises:
        FormatError: It is no image, or a damaged one.
        CodedError: As `ask_recogniser`.
    """
    row_id = uuid4()
    path = recognition_file(row_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    row = Recognition(
        id=row_id, owner=user, recogniser=recogniser, collection=collection, file_name=file_name[-200:] or "image",
        sha256=hashlib.sha256(image).hexdigest(),
    )  # fmt: skip
    try:
        path.write_bytes(image)
        facts = inspect_image(path, max_pixels=MAX_PIXELS)
        row.width, row.height = facts.width, facts.height
        _take(row, ask_recogniser(user, recogniser, image, text=text) | {"words": text.strip()})
        view_file(row_id).write_bytes(_small(path))
        row.save(force_insert=True)
    except BaseException:
        _remove(files_of(row))
        raise
    return row


def correct_recognition(recognition: Recognition, collection: Collection, name: str) -> Recognition:
    """Say who it is. The image waits to become one of the collection's, as a correction.

    Raises:
        CollectionError: ``anime.name``.
        FilesMissingError: The image is gone.
    """
    with transaction.atomic():
        added = add_recognition(recognition, collection, name)
        recognition.correction, recognition.collection = added[0].after, collection
        recognition.save(update_fields=["correction", "collection", "updated_at"])
    return recognition


def delete_recognition(recognition: Recognition) -> None:
    """Forget it. An image that went into a collection stays there; one that waits to does not go."""
    waiting = Correction.objects.filter(recognition=recognition, state=Correction.State.WAITING)
    additions = [
        additions_folder(row.collection) / row.path
        for row in waiting.select_related("collection__dataset")
    ]  # fmt: skip
    files = [*files_of(recognition), *additions]
    with transaction.atomic():
        waiting.delete()
        recognition.delete()
    _remove(files)


def _take(row: Recognition, answer: dict[str, Any]) -> None:
    """The answer as columns, its pictures as files."""
    for key, place in _PICTURES.items():
        content = png_of(answer.pop(key, None))
        if content is not None:
            place(row.id).write_bytes(content)
    best: dict[str, Any] = next(iter(answer.get("top", [])), {})
    row.answer, row.is_unknown = answer, bool(answer.get("is_unknown"))
    row.name, row.probability = str(best.get("name", ""))[:255], float(best.get("probability", 0.0))


def _small(path: Path) -> bytes:
    image = load_image(path, "RGB", draft=(VIEW_SIDE, VIEW_SIDE))
    image.thumbnail((VIEW_SIDE, VIEW_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _remove(files: list[Path]) -> None:
    for path in files:
        path.unlink(missing_ok=True)
