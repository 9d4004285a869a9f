"""Predicts one picture with one weight, and keeps the answer when that is wished."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from cvstudio.inference.errors import InferenceError
from cvstudio.inference.limits import limits
from cvstudio.inference.models import InferenceJob, Prediction
from cvstudio.inference.services.check_rate import check_rate
from cvstudio.inference.services.read_picture import Picture
from cvstudio.inference.serving.client import Answer, Ask, predict_remotely

if TYPE_CHECKING:
    from cvstudio.accounts.models import User
    from cvstudio.inference.selectors import Servable


@dataclass(frozen=True)
class Predicted:
    """An answer, and the job under which it is kept, if it is."""

    weight: Servable
    answer: Answer
    job_id: UUID | None

    def as_dict(self) -> dict[str, Any]:
        """For clients."""
        return {
            "weight": str(self.weight.id),
            "task": self.weight.task,
            **self.answer.result,
            "timing_ms": self.answer.timing_ms,
            "batch": self.answer.batch,
            "job": None if self.job_id is None else str(self.job_id),
        }


def predict_picture(
    *, user: User, weight: Servable, picture: Picture, top_k: int | None = None, keep: bool = False
) -> Predicted:
    """Have the infer worker answer. Costs no query unless the answer is kept.

    Args:
        user: Who asks.
        weight: The caller has checked that the person may use it.
        picture: Encoded.
        top_k: How many classes to name, 1 to 100.
        keep: Keep the answer as a job that can be looked up.

    Raises:
        QuotaError: Too many predictions this minute.
        InferenceError: There is no picture.
        UnavailableError: Nobody can answer now.
        WorkerSideError: The worker refused the picture or the weight.
    """
    check_rate(user.pk)
    if not picture.content:
        raise InferenceError("The image is empty.", code="inference.empty_image", where="image",
                             hint="Choose a picture with content.")  # fmt: skip
    ask = Ask(
        weight=str(weight.id), folder=weight.folder, task=weight.task, size_bytes=weight.size_bytes,
        top_k=top_k or limits().top_k,
    )  # fmt: skip
    answer = predict_remotely(ask, picture.content)
    return Predicted(weight, answer, _keep(user, weight, picture, answer) if keep else None)


def _keep(user: User, weight: Servable, picture: Picture, answer: Answer) -> UUID:
    with transaction.atomic():
        job = InferenceJob.objects.create(
            owner=user, kind=InferenceJob.Kind.SINGLE, weight_version_id=weight.id,
            options={"name": picture.name, "batch": answer.batch},
        )  # fmt: skip
        Prediction.objects.create(
            job=job, image=picture.image, image_name=picture.name, timing_ms=answer.timing_ms,
            top=_remembered(answer.result),
        )  # fmt: skip
    return job.id


def _remembered(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Classes, objects, or the classes of masks and their shares: which pixels they cover would fill the database."""
    masks = [{key: mask[key] for key in ("class", "index", "share")} for mask in answer.get("masks", [])]
    return answer.get("top") or answer.get("boxes") or masks
