"""Has the answers of a batch drawn into its pictures and videos, as a run that leaves them to be downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cvstudio.inference.models import InferenceJob
from cvstudio.inference.services.read_results import results_of
from cvstudio.inference.services.show_picture import root_of
from cvstudio.inference.services.sift_results import sieve_for
from cvstudio.runs.models import Run
from cvstudio.runs.services.create_run import create_run
from ml_core.errors import CodedError

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

RECIPE = "vision.draw"


def draw_pictures(job: InferenceJob, owner: User, *, threshold: float = 0.0, classes: list[int] | None = None) -> Run:
    """Queue the drawing of what passes.

    Args:
        job: The caller has checked that the person may see it.
        owner: Whose run it is.
        threshold: Least probability of an object.
        classes: Indices; none for all.

    Raises:
        ResultsMissingError: The batch has no answers, or not yet.
        QuotaError: Too many runs of this person wait already.
    """
    answers = results_of(job, "json").path
    assert job.run is not None
    sieve = sieve_for(job, threshold, classes or [])
    config = {
        "answers": str(answers),
        "root": str(root_of(job)),
        "threshold": threshold,
        "classes": None if sieve.classes is None else sorted(sieve.classes),
    }
    name = _("Images of %(name)s") % {"name": job.run.name[:170]}
    return create_run(owner=owner, recipe=RECIPE, config=config, name=name)


def pictures_of(job: InferenceJob, user: Any) -> QuerySet[Run]:
    """The drawings of a batch that a person may see, newest first."""
    try:
        answers = str(results_of(job, "json").path)
    except CodedError:
        return Run.objects.none()
    made: QuerySet[Run] = Run.objects.visible_to(user).filter(recipe=RECIPE, config__answers=answers)
    return made.order_by("-created_at").prefetch_related("artifacts")
