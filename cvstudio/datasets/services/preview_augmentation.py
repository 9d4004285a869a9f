"""Ask the infer worker for pictures as training would see them; the web process never imports torch.

The question is a Celery message with ids; the answer, some hundred kilobytes of pictures, comes back over a Redis list
that lives for a minute. A row in the result table would be written, polled for and deleted again for each preview.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import Any, Literal

import redis
from django.conf import settings
from kombu.exceptions import OperationalError
from pydantic import BaseModel, ConfigDict, Field

from cvstudio.datasets.errors import NotFoundError, NotReadyError, PreviewFailedError, PreviewUnavailableError
from cvstudio.datasets.models import DatasetImage, DatasetVersion
from cvstudio.datasets.services.preview_labels import draw_labelled
from cvstudio.datasets.storage import image_file
from ml_core.data.augment import AugmentOps
from ml_core.data.preview import PreviewOrder, PreviewSample, render_previews
from ml_core.errors import CodedError
from ml_core.run.config import parse_config

TIMEOUT_S = 30
KEPT_S = 60
_TURN_S = 1.0


class PreviewWish(BaseModel):
    """What a person wants to see.

    With ``image`` one picture is shown over ``count`` epochs from ``epoch`` on; without it the first ``count``
    training images in ``epoch``.
    """

    model_config = ConfigDict(extra="forbid")

    operations: AugmentOps = Field(default_factory=list, description="Operations, as in the training configuration.")
    image: uuid.UUID | None = Field(None, description="Image to show; empty for the first training images.")
    size: int = Field(128, ge=8, le=512, description="Side in pixels that the network takes.")
    resize: int | None = Field(None, ge=8, le=1024, description="Shorter side before a centre crop; empty stretches.")
    mode: Literal["RGB", "L"] = Field("RGB", description="Colour or grey.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of the run.")
    epoch: int = Field(0, ge=0, le=1_000_000, description="Epoch, counted from 0.")
    count: int = Field(8, ge=1, le=16, description="How many pictures.")


def preview_augmentation(version: DatasetVersion, wish: dict[str, Any]) -> dict[str, Any]:
    """The pictures, with what they were drawn from.

    Raises:
        ConfigError: A key or value of the wish is wrong.
        NotReadyError: The version has no images.
        NotFoundError: The image belongs to another version.
        PreviewUnavailableError: No worker answered, or Redis is away.
        PreviewFailedError: The worker's typed refusal, such as a damaged image.
    """
    from cvstudio.datasets.tasks import draw_preview  # the task imports this module

    checked = parse_config(PreviewWish, wish)
    chosen_images(version, checked)  # says now what would fail later
    request_id = uuid.uuid4().hex
    try:
        draw_preview.apply_async(
            [request_id, str(version.id), checked.model_dump(mode="json")],
            queue="infer", expires=TIMEOUT_S, retry=False,
        )  # fmt: skip
        found = _wait(_answer_key(request_id))
    except (OperationalError, redis.RedisError, OSError) as error:
        raise PreviewUnavailableError(
            "Redis, over which previews are asked for, does not answer.", code="broker.unavailable",
            hint="Try again in some seconds; if it stays, look at the system page.",
        ) from error  # fmt: skip
    if found is None:
        raise PreviewUnavailableError(
            "No worker drew the preview in time.",
            hint="Look at the system page whether the infer worker runs, then try again.",
        )
    answer: dict[str, Any] = json.loads(found)
    if "error" in answer:
        raise PreviewFailedError(**answer["error"])
    return answer


def _wait(key: str) -> bytes | None:
    """The answer, or None when none came in time. In short turns: the client takes a long silence for a fault."""
    deadline = time.monotonic() + TIMEOUT_S
    with redis.Redis.from_url(settings.REDIS_CLIENT_URL) as connection:
        while (left := deadline - time.monotonic()) > 0:
            found: Any = connection.blpop([key], timeout=min(left, _TURN_S))
            if found is not None:
                return bytes(found[1])
    return None


def answer_preview(request_id: str, version_id: str, wish: dict[str, Any]) -> None:
    """Draw, and send the pictures or the refusal to whoever waits. For the worker."""
    answer: dict[str, Any] = {
        "error": {"message": "The preview failed.", "code": "internal", "hint": "Try again.", "where": ""}
    }
    try:
        version = DatasetVersion.objects.get(id=version_id)
        answer = draw(version, parse_config(PreviewWish, wish))
    except CodedError as error:
        answer = {"error": error.as_dict()}
    finally:
        with redis.Redis.from_url(settings.REDIS_CLIENT_URL) as connection:
            connection.rpush(_answer_key(request_id), json.dumps(answer))
            connection.expire(_answer_key(request_id), KEPT_S)


def draw(version: DatasetVersion, wish: PreviewWish) -> dict[str, Any]:
    """Draw here and now. Imports torch."""
    if version.task == DatasetVersion.Task.DETECT:
        [(image, _), *_rest] = chosen_images(version, wish)
        position = image.position if wish.image is not None else None
        return draw_labelled(version, wish.operations, position=position, size=wish.size, seed=wish.seed,
                             epoch=wish.epoch, count=wish.count)  # fmt: skip
    images = chosen_images(version, wish)
    samples = [
        PreviewSample(image_file(version, image), training_index(version, image), epoch) for image, epoch in images
    ]
    order = PreviewOrder(wish.operations, (wish.size, wish.size), wish.resize, wish.mode, wish.seed)
    drawn = render_previews(order, samples)
    for entry, (image, _), sample in zip(drawn["samples"], images, samples, strict=True):
        entry |= {"image": str(image.id), "path": image.path, "original": drawn["originals"][str(sample.path)]}
    return {"seed": wish.seed, "source": drawn["source"], "samples": drawn["samples"]}


def chosen_images(version: DatasetVersion, wish: PreviewWish) -> list[tuple[DatasetImage, int]]:
    """Images with the epochs in which to draw them (1 query).

    Raises:
        NotReadyError: There are none.
        NotFoundError: The image belongs to another version.
    """
    if wish.image is not None:
        image = version.images.filter(id=wish.image).first()
        if image is None:
            raise NotFoundError("There is no such image in this version.", where="image")
        return [(image, wish.epoch + further) for further in range(wish.count)]
    images = list(version.images.filter(split="train").order_by("position")[: wish.count])
    if not images:
        raise NotReadyError("This version has no training images.", hint="Wait for its import, or add images.")
    return [(image, wish.epoch) for image in images]


def training_index(version: DatasetVersion, image: DatasetImage) -> int:
    """The position of an image in the list of training images, which decides its draws (1 query)."""
    return version.images.filter(split="train", position__lt=image.position).count()


def _answer_key(request_id: str) -> str:
    return f"cvstudio:preview:{request_id}"
