"""Turns what a client sent or named into the bytes of one picture, within the size that is taken."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cvstudio.datasets.storage import image_file
from cvstudio.inference.errors import ImageTooLargeError, InferenceError
from cvstudio.inference.limits import limits
from cvstudio.inference.selectors import image_with_version

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from cvstudio.datasets.models import DatasetImage

_DATA_ADDRESS = re.compile(r"^data:[\w.+/-]{0,100};base64,")
_FORM_BYTES = 64 * 1024  # what the other fields of a form may take


@dataclass(frozen=True)
class Picture:
    """Encoded bytes, with what is known of where they came from."""

    content: bytes
    name: str = ""
    image: DatasetImage | None = None


def refuse_length(content_length: int) -> None:
    """Turn away a request that is too large by its own word, before its form is read.

    Raises:
        ImageTooLargeError: No picture of the size that is taken could be in it.
    """
    if content_length > limits().max_image_bytes + _FORM_BYTES:
        raise _too_large()


def from_upload(file: UploadedFile[Any]) -> Picture:
    """The picture in an uploaded file.

    Raises:
        ImageTooLargeError: It is larger than what is taken.
    """
    if file.size is None or file.size > limits().max_image_bytes:
        raise _too_large()
    return Picture(file.read(), (file.name or "")[:300])


def from_base64(text: str) -> Picture:
    """The picture in a text, plain base64 or a `data:` address.

    Raises:
        InferenceError: It is no base64.
        ImageTooLargeError: It is larger than what is taken.
    """
    encoded = _DATA_ADDRESS.sub("", text, count=1)
    if len(encoded) > limits().max_image_bytes * 4 / 3 + 4:
        raise _too_large()
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InferenceError(
            "The image is not valid base64.", code="inference.bad_base64", where="image_base64",
            hint="Send the file's bytes as base64, without line breaks.",
        ) from error  # fmt: skip
    return Picture(content)


def from_data_set(user: Any, image_id: UUID) -> Picture:
    """The picture of a data set's image.

    Raises:
        InferenceError: There is no such image for this person.
        UnknownImageError: Its file is gone.
        ImageTooLargeError: It is larger than what is taken.
    """
    image = image_with_version(user, image_id)
    if image is None:
        raise InferenceError("There is no such image.", code="not_found", where="image_id",
                             hint="Check the id. Things of other people are not shown.")  # fmt: skip
    path = image_file(image.version, image)
    if path.stat().st_size > limits().max_image_bytes:
        raise _too_large()
    return Picture(path.read_bytes(), image.path[-300:], image)


def _too_large() -> ImageTooLargeError:
    return ImageTooLargeError(
        f"The image is larger than the {limits().max_image_bytes:,} bytes that are taken.",
        hint="Scale it down: the network sees it at its own size anyway.", where="image",
    )  # fmt: skip
