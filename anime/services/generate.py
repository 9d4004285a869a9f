"""Have the infer worker draw images, and keep them."""

from __future__ import annotations

import base64
import binascii
import io
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from django.db import transaction
from PIL import Image

from anime.errors import AnimeError
from anime.models import GeneratedImage
from anime.storage import generated_file
from cvstudio.inference.services.check_rate import check_rate
from cvstudio.inference.serving.client import Ask, predict_remotely
from cvstudio.weights.models import WeightVersion
from ml_core.anime.generate.request import MOST_IMAGES, PaintRequest, pack_request
from ml_core.errors import FormatError

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

HIGHEST_SEED: Final = 2**31 - 1


def generate(
    user: User,
    generator: WeightVersion,
    character: str,
    *,
    seeds: list[int] | None = None,
    truncation: float = 1.0,
    interpolate: tuple[int, int, int] | None = None,
) -> list[GeneratedImage]:
    """Draw one image a seed, or a walk from one seed to another.

    Args:
        user: Whose images they become.
        generator: The caller has checked that the person may see it.
        character: One that the generator draws.
        seeds: Equal seeds draw equal images.
        truncation: 0 to 1; smaller draws what is usual, larger what is varied.
        interpolate: First seed, last seed, and the number of steps with both ends.

    Raises:
        AnimeError: The generator does not draw this character, or the wish is out of bounds.
        QuotaError: Too many predictions this minute.
        UnavailableError: Nobody can draw now.
        WorkerSideError: The worker refused the weight or the wish.
        FormatError: The answer is damaged.
    """
    wish = _wish(seeds or [], interpolate)
    if generator.classes and character not in generator.classes:
        raise AnimeError(f'The generator does not draw "{character[:60]}".', code="anime.unknown_character",
                         where="character", hint="Choose a character that it draws.")  # fmt: skip
    if not 0 < truncation <= 1:
        raise AnimeError("Truncation lies above 0 and is at most 1.", code="anime.truncation", where="truncation",
                         hint="0.7 is a good beginning.")  # fmt: skip
    check_rate(user.pk)
    ask = Ask(weight=str(generator.id), folder=generator.folder, task=generator.weight.task,
              size_bytes=generator.size_bytes, top_k=1)  # fmt: skip
    request = PaintRequest(character, wish[0], truncation, wish[1])
    answer = predict_remotely(ask, pack_request(request))
    seed_to = interpolate[1] if interpolate is not None else None
    return _keep(user, generator, character, truncation, seed_to, answer.result.get("images", []))


def _wish(seeds: list[int], interpolate: tuple[int, int, int] | None) -> tuple[tuple[int, ...], int]:
    """Seeds and steps, 0 without a walk."""
    numbers, steps = (tuple(seeds), 0) if interpolate is None else (interpolate[:2], interpolate[2])
    least, count = (1, len(numbers)) if interpolate is None else (2, steps)
    if not least <= count <= MOST_IMAGES:
        raise AnimeError(f"Between {least} and {MOST_IMAGES} images are drawn at once.", code="anime.count",
                         where="seeds" if interpolate is None else "steps", hint="Draw them in parts.")  # fmt: skip
    if not all(0 <= number <= HIGHEST_SEED for number in numbers):
        raise AnimeError(f"Seeds are whole numbers from 0 to {HIGHEST_SEED:,}.", code="anime.seed", where="seeds",
                         hint="Choose another seed.")  # fmt: skip
    return numbers, steps


def _keep(
    user: User, generator: WeightVersion, character: str, truncation: float, seed_to: int | None, drawn: list[Any]
) -> list[GeneratedImage]:
    group = uuid4()
    rows, contents = [], []
    for position, one in enumerate(drawn):
        content = _png(one)
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
        rows.append(GeneratedImage(
            owner=user, generator=generator, character=character, seed=int(one["seed"]), seed_to=seed_to,
            share=one.get("share"), truncation=truncation, width=width, height=height, group=group, position=position,
            confidence=one.get("confidence"), agreed=one.get("agreed"), nearest=one.get("nearest") or {},
        ))  # fmt: skip
        contents.append(content)
    with transaction.atomic():
        for row, content in zip(rows, contents, strict=True):
            path = generated_file(row)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        GeneratedImage.objects.bulk_create(rows)
    return rows


def _png(one: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(str(one["png"]).rpartition(",")[2], validate=True)
    except (KeyError, TypeError, binascii.Error) as error:
        raise FormatError("The answer of the generator is damaged.", code="anime.answer", where="png",
                          hint="Draw again.") from error  # fmt: skip
