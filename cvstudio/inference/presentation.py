"""How choices and results of inference are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cvstudio.inference.models import InferenceJob, Prediction
from cvstudio.inference.selectors import servable_weights
from cvstudio.inference.services.create_batch import RECIPES
from cvstudio.inference.services.draw_pictures import pictures_of
from cvstudio.runs.states import ENDED
from cvstudio.weights.models import WeightVersion

_MOST_CHOICES = 200
_MOST_COUNTS = 40
_MOST_DRAWINGS = 5


@dataclass(frozen=True)
class Choices:
    """Weights to choose from, the newest first, and the one that is chosen."""

    weights: list[WeightVersion]
    chosen: UUID | None

    @property
    def task(self) -> str:
        """Of the chosen one."""
        return next((version.weight.task for version in self.weights if version.id == self.chosen), "")


@dataclass(frozen=True)
class ClassCount:
    """How many pictures were given a class. ``share`` is 0 to 1, of the most frequent one."""

    name: str
    count: int
    share: float


def weight_choices(user: Any, wish: str) -> Choices:
    """The newest weights of a person; the wished one is among them when they may use it. At most two queries."""
    predicting = servable_weights(user).filter(weight__task__in=RECIPES)  # others answer on pages of their own
    weights = list(predicting.order_by("-created_at", "-id")[:_MOST_CHOICES])
    try:
        wished = UUID(wish)
    except ValueError:
        return Choices(weights, weights[0].id if weights else None)
    if all(version.id != wished for version in weights):
        older = predicting.filter(id=wished).first()
        if older is None:
            return Choices(weights, weights[0].id if weights else None)
        weights.insert(0, older)
    return Choices(weights, wished)


def class_counts(job: InferenceJob) -> list[ClassCount]:
    """The classes of a completed batch, the most frequent first."""
    counts = (job.run.result if job.run else {}).get("classes") or {}
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_COUNTS]
    most = ordered[0][1] if ordered else 1
    return [ClassCount(name, count, count / most) for name, count in ordered]


def kept_answers(job: InferenceJob) -> list[Prediction]:
    """Answers that were kept, each with ``entries`` that have a ``value``: a probability, or a share of the pixels."""
    answers = list(job.predictions.select_related("image__version"))
    for answer in answers:
        entries = [{**entry, "value": entry.get("probability", entry.get("share"))} for entry in answer.top]
        answer.entries = entries  # type: ignore[attr-defined]
    return answers


def drawings(job: InferenceJob, user: Any) -> dict[str, Any]:
    """What the list of drawings of a batch shows. Two queries."""
    runs = list(pictures_of(job, user)[:_MOST_DRAWINGS])
    return {"job": job, "drawings": runs, "is_drawing": any(run.state not in ENDED for run in runs)}
