"""Reading surveys, stars, predictions, trainings and downloads. Every query starts at `visible_to`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from cvstudio.common.keyset import keyset_page
from cvstudio.weights.models import WeightVersion
from stellar.errors import NotFoundError, NotReadyError
from stellar.models import Download, Prediction, Star, StarClassification, Survey, Training, WorkState
from stellar.star_query import DEFAULT_SORT, StarQuery

M = TypeVar("M", bound=Model)

_NOT_YOURS = "Check the id. Things of other people are not shown."
_RUN_LARGE = ("config", "result", "preflight", "summary")

#: The recipe that trains, which is also the task of the weights that it leaves.
CLASSIFIER = "stellar.train"


def without_large(*runs: str) -> list[str]:
    """Names of the large fields of runs, for `defer`."""
    return [f"{run}__{name}" for run in runs for name in _RUN_LARGE]


def listed_surveys(user: Any) -> QuerySet[Survey]:
    """Surveys with their import, newest first (1 query)."""
    rows = Survey.objects.visible_to(user).select_related("owner", "import_run")
    return rows.defer("findings", "choice", *without_large("import_run")).order_by("-created_at", "-id")


def visible_survey(user: Any, survey_id: UUID) -> Survey:
    """One survey (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    rows = Survey.objects.visible_to(user).select_related("owner", "import_run").defer(*without_large("import_run"))
    return _one(rows.filter(id=survey_id).first(), "There is no such survey.")


def ready_survey(user: Any, survey_id: UUID) -> Survey:
    """One survey that was imported (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
        NotReadyError: Its import has not ended well.
    """
    survey = visible_survey(user, survey_id)
    require_ready(survey)
    return survey


def require_ready(survey: Survey) -> None:
    """Let a survey with stars pass.

    Raises:
        NotReadyError: Its import has not ended well.
    """
    if survey.state != Survey.State.READY:
        raise NotReadyError(f"{survey.name} has not been imported yet.", where="survey",
                            hint="Wait for the import, or look why it failed.")  # fmt: skip


def listed_stars(user: Any) -> QuerySet[Star]:
    """Stars of imported surveys (no query of its own)."""
    return Star.objects.visible_to(user).filter(survey__state=Survey.State.READY)


def visible_star(user: Any, star_id: UUID) -> Star:
    """One star with its survey (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    rows = Star.objects.visible_to(user).select_related("survey__owner").defer("survey__findings", "survey__choice")
    return _one(rows.filter(id=star_id).first(), "There is no such star.")


@dataclass(frozen=True)
class StarPage:
    """One page of stars; an empty cursor means that there is no further one.

    Attributes:
        rows: In the order asked for; with ``separation`` (degrees) where a circle was asked for.
        next: Cursor of the page behind.
        previous: Cursor of the page before.
        count: Stars that pass the filters; None where it was not asked for.
    """

    rows: list[Star]
    next: str
    previous: str
    count: int | None


def star_page(user: Any, query: StarQuery, *, cursor: str = "", size: int = 50, count: bool = False) -> StarPage:
    """A page of the table of stars (1 query, 2 with the count; 1 more to look whether the survey is the person's).

    Raises:
        NotFoundError: The survey does not exist, or belongs to somebody else.
    """
    rows = query.apply(_rows(user, query))
    page = keyset_page(rows, query.sorts(), query.sort, cursor, size, default=DEFAULT_SORT)
    return StarPage(page.rows, page.next_cursor, page.previous_cursor, rows.count() if count else None)


def matching_stars(user: Any, query: StarQuery) -> QuerySet[Star]:
    """Stars that pass a filter, in its order, unpaged (1 query to look whether the survey is the person's).

    Raises:
        NotFoundError: The survey does not exist, or belongs to somebody else.
    """
    sign = "-" if query.falls else ""
    rows = query.apply(_rows(user, query)).annotate(sort_key=query.sort_key())
    return rows.order_by(f"{sign}sort_key", f"{sign}id")


def stars_beside(user: Any, star: Star, query: StarQuery) -> tuple[UUID | None, UUID | None]:
    """Ids of the stars before and after a visible one in a filtered and sorted table (3 queries)."""
    within_survey = query.survey == star.survey_id
    rows = query.apply(Star.objects.all() if within_survey else _rows(user, query)).annotate(sort_key=query.sort_key())
    place = query.measured(Star.objects.filter(pk=star.pk)).annotate(sort_key=query.sort_key())
    value = place.values_list("sort_key", flat=True).first()
    found = []
    for is_next in (False, True):
        rises = is_next != query.falls
        word, sign = ("gt", "") if rises else ("lt", "-")
        beyond = Q(**{f"sort_key__{word}": value}) | Q(sort_key=value, **{f"id__{word}": star.pk})
        near = rows.filter(beyond).order_by(f"{sign}sort_key", f"{sign}id")
        found.append(near.values_list("id", flat=True).first())
    return found[0], found[1]


def classifications_of(star: Star) -> QuerySet[StarClassification]:
    """What each prediction says of a star, newest first (1 query)."""
    rows = StarClassification.objects.filter(star=star, prediction__state=WorkState.READY)
    return rows.select_related("prediction__classifier__weight").order_by("-prediction__created_at", "-id")


def listed_predictions(user: Any) -> QuerySet[Prediction]:
    """Predictions with survey, classifier and run, newest first (1 query)."""
    rows = Prediction.objects.visible_to(user).select_related("owner", "survey", "run", "classifier__weight")
    return rows.defer("survey__findings", "survey__choice", "classifier__facts", *without_large("run")).order_by(
        "-created_at", "-id"
    )


def visible_prediction(user: Any, prediction_id: UUID) -> Prediction:
    """One prediction (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    return _one(listed_predictions(user).filter(id=prediction_id).first(), "There is no such prediction.")


def ready_prediction(user: Any, prediction_id: UUID) -> Prediction:
    """One prediction with answers (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
        NotReadyError: Its run has not ended well.
    """
    found = visible_prediction(user, prediction_id)
    if found.state != WorkState.READY:
        raise NotReadyError("This prediction is not ready yet.", hint="Wait until its run has ended.",
                            where="prediction")  # fmt: skip
    return found


def prediction_of(survey: Survey, user: Any, *, prediction: UUID | None = None, classifier: UUID | None = None) -> Any:
    """The ready prediction that is meant: a certain one, the newest of a classifier, or the shown one (1 query).

    Raises:
        NotFoundError: There is none.
    """
    rows = listed_predictions(user).filter(survey=survey, state=WorkState.READY)
    if prediction is not None:
        rows = rows.filter(id=prediction)
    elif classifier is not None:
        rows = rows.filter(classifier_id=classifier)
    else:
        rows = rows.filter(id__in=[survey.shown_id] if survey.shown_id else [])
    found = rows.first()
    if found is None:
        raise NotFoundError("The stars have not been classified yet.", where="prediction",
                            hint="Choose a classifier and classify the survey.")  # fmt: skip
    return found


def listed_trainings(user: Any) -> QuerySet[Training]:
    """Trainings with survey, run and classifier, newest first (1 query)."""
    rows = Training.objects.visible_to(user).select_related("owner", "survey", "run", "classifier__weight")
    return rows.defer("survey__findings", "survey__choice", "classifier__facts", *without_large("run")).order_by(
        "-created_at", "-id"
    )


def visible_training(user: Any, training_id: UUID) -> Training:
    """One training (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    return _one(listed_trainings(user).filter(id=training_id).first(), "There is no such training.")


def listed_downloads(user: Any) -> QuerySet[Download]:
    """Downloads with survey and run, newest first (1 query)."""
    rows = Download.objects.visible_to(user).select_related("owner", "survey", "run")
    return rows.defer("survey__findings", "survey__choice", *without_large("run")).order_by("-created_at", "-id")


def visible_download(user: Any, download_id: UUID) -> Download:
    """One download (1 query).

    Raises:
        NotFoundError: It does not exist, or belongs to somebody else.
    """
    return _one(listed_downloads(user).filter(id=download_id).first(), "There is no such download.")


def listed_classifiers(user: Any) -> QuerySet[WeightVersion]:
    """Trained classifiers, newest first (1 query)."""
    rows = WeightVersion.objects.visible_to(user).filter(weight__task=CLASSIFIER)
    rows = rows.select_related("weight__owner", "run").defer("facts", *without_large("run"))
    return rows.order_by("-created_at", "-id")


def visible_classifier(user: Any, version_id: UUID) -> WeightVersion:
    """One classifier (1 query).

    Raises:
        NotFoundError: It does not exist, is none of stars, or belongs to somebody else.
    """
    return _one(listed_classifiers(user).filter(id=version_id).first(), "There is no such classifier.")


def trainings_of(user: Any, versions: list[WeightVersion]) -> dict[UUID, Training]:
    """The training that left each classifier (1 query)."""
    rows = listed_trainings(user).filter(classifier__in=versions)
    return {row.classifier_id: row for row in rows if row.classifier_id is not None}


def _rows(user: Any, query: StarQuery) -> QuerySet[Star]:
    """Stars that the person may see; of one survey without a join, after looking whose it is."""
    if query.survey is None:
        return listed_stars(user)
    if not Survey.objects.visible_to(user).filter(id=query.survey).exists():
        raise NotFoundError("There is no such survey.", hint=_NOT_YOURS, where="survey")
    return Star.objects.all()


def _one(found: M | None, message: str) -> M:
    if found is None:
        raise NotFoundError(message, hint=_NOT_YOURS)
    return found
