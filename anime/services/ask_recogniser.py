"""Have the infer worker look at an image with a recogniser."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

from anime.errors import AnimeError
from anime.selectors import RECOGNISERS, WORDS
from cvstudio.inference.limits import limits
from cvstudio.inference.services.check_rate import check_rate
from cvstudio.inference.serving.client import Ask, predict_remotely
from cvstudio.weights.models import WeightVersion
from ml_core.anime.fusion.request import pack_question

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

NAMED: Final = 100
"""Characters in an answer."""


def ask_recogniser(user: User | Any, version: WeightVersion, image: bytes, *, text: str = "") -> dict[str, Any]:
    """Its answer with the time that it took. Nothing is kept.

    Args:
        user: Who asks.
        version: A recogniser that the person may see.
        image: An encoded image.
        text: Words about who is on it, for a recogniser that reads.

    Raises:
        AnimeError: This is no recogniser, or one that does not read words; the image is empty or too large.
        QuotaError: Too many predictions this minute.
        UnavailableError: Nobody can answer now.
        WorkerSideError: The worker refused the image or the weight.
    """
    require_recogniser(version)
    reads = version.weight.task == WORDS
    if text.strip() and not reads:
        raise AnimeError("This recogniser does not read words.", code="anime.reads_no_words", where="text",
                         hint="Leave the words out, or choose a recogniser of image and words.")  # fmt: skip
    check_image(image)
    check_rate(user.pk)
    ask = Ask(weight=str(version.id), folder=version.folder, task=version.weight.task, size_bytes=version.size_bytes,
              top_k=NAMED)  # fmt: skip
    answer = predict_remotely(ask, pack_question(text, image) if reads else image)
    return {**answer.result, "timing_ms": answer.timing_ms}


def check_image(image: bytes) -> None:
    """Let an image of a fit size pass.

    Raises:
        AnimeError: It is empty or too large.
    """
    if not image or len(image) > limits().max_image_bytes:
        raise AnimeError("The image is empty." if not image else "The image is too large.", code="anime.image_size",
                         where="image", hint=f"Send one of at most {limits().max_image_bytes:,} bytes.")  # fmt: skip


def require_recogniser(version: WeightVersion) -> None:
    """Let a recogniser pass.

    Raises:
        AnimeError: It is another kind of weight.
    """
    if version.weight.task not in RECOGNISERS:
        raise AnimeError("This weight does not recognise characters.", code="anime.recogniser",
                         where="recogniser", hint="Choose a recogniser that was trained on a collection.")  # fmt: skip


def png_of(address: Any) -> bytes | None:
    """The bytes of a PNG that an answer carries as a data address; None where it has none."""
    if not isinstance(address, str) or not address.startswith("data:image/png;base64,"):
        return None
    try:
        return base64.b64decode(address.partition(",")[2], validate=True)
    except binascii.Error:
        return None
