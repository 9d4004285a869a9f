"""Where a recogniser looks on an image of a collection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anime.errors import NotFoundError
from anime.services.ask_recogniser import ask_recogniser, png_of
from cvstudio.datasets.models import DatasetImage
from cvstudio.datasets.storage import image_file
from cvstudio.weights.models import WeightVersion

if TYPE_CHECKING:
    from cvstudio.accounts.models import User


def activation_map(user: User, version: WeightVersion, image: DatasetImage) -> bytes:
    """A grey PNG over the square that the recogniser sees.

    Raises:
        NotFoundError: The recogniser has no network, or the file is gone.
        CodedError: As `ask_recogniser`.
    """
    answer = ask_recogniser(user, version, image_file(image.version, image).read_bytes())
    content = png_of(answer.get("activation_map"))
    if content is None:
        raise NotFoundError("This recogniser has no network to look into.", where="recogniser",
                            hint="Choose one with a network.")  # fmt: skip
    return content
