"""Accept or reject pictures, one after another or many at once, and take decisions back."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Case, Count, IntegerField, Q, QuerySet, When

from ml_core.stellar.survey import write_rejected
from stellar.errors import NotFoundError, StellarError
from stellar.models import ScreeningDecision, Star, Survey
from stellar.services.count_stars import count_stars
from stellar.storage import existing, survey_folder

DECISIONS = ("accepted", "rejected", "")
_TURN = Case(When(image_flags="", then=1), default=0, output_field=IntegerField())


def decide(survey: Survey, stars: QuerySet[Star], decision: str) -> int:
    """Decide about the pictures of stars; those without a picture are left as they are.

    The decisions go into ``screening.json`` of the survey too: recipes do not use rejected pictures.

    Args:
        survey: Whose stars they are.
        stars: Which.
        decision: ``accepted``, ``rejected``, or empty to leave it open again.

    Returns:
        How many stars changed.

    Raises:
        StellarError: There is no such decision.
    """
    if decision not in DECISIONS:
        raise StellarError(f'"{decision[:20]}" is no decision.', code="stellar.decision", where="decision",
                           hint="accepted, rejected, or nothing.")  # fmt: skip
    group = uuid4()
    with transaction.atomic():
        Survey.objects.select_for_update().get(id=survey.id)
        found = list(stars.order_by().exclude(image_file="").exclude(screening=decision).values_list("id", "screening"))
        ScreeningDecision.objects.bulk_create(
            [
                ScreeningDecision(star_id=star, survey=survey, group=group, before=before, after=decision)
                for star, before in found
            ],
            batch_size=5_000,
        )
        Star.objects.filter(decisions__group=group).update(screening=decision)
        _tell_recipes(survey)
    return len(found)


def undo(survey: Survey) -> list[Star]:
    """Take the last decision back, or all that were made together.

    Returns:
        The stars as they are now.

    Raises:
        NotFoundError: Nothing was decided.
    """
    with transaction.atomic():
        Survey.objects.select_for_update().get(id=survey.id)
        last = ScreeningDecision.objects.filter(survey=survey).order_by("-id").first()
        if last is None:
            raise NotFoundError("There is no decision to take back.", hint="Accept or reject an image first.")
        made = ScreeningDecision.objects.filter(survey=survey, group=last.group)
        for before in DECISIONS:
            Star.objects.filter(id__in=made.filter(before=before).values("star_id")).update(screening=before)
        ids = list(made.values_list("star_id", flat=True)[:1_000])
        made.delete()
        _tell_recipes(survey)
    return list(Star.objects.filter(id__in=ids).order_by("position"))


def screening_counts(survey: Survey) -> dict[str, int]:
    """Pictures by decision, and how many have a flag and no decision (1 query)."""
    has_flag = ~Q(image_flags="")
    counted: dict[str, int] = (
        Star.objects.filter(survey=survey)
        .exclude(image_file="")
        .aggregate(
            undecided=Count("id", filter=Q(screening="")), accepted=Count("id", filter=Q(screening="accepted")),
            rejected=Count("id", filter=Q(screening="rejected")), flagged=Count("id", filter=has_flag),
            flagged_undecided=Count("id", filter=has_flag & Q(screening="")),
        )
    )  # fmt: skip
    return counted


def screening_queue(
    survey: Survey, *, state: str = "undecided", flag: str = "", count: int = 20, after: UUID | None = None
) -> list[Star]:
    """Pictures to look at: those with a flag first, then in the order of the catalogue (1 or 2 queries).

    Args:
        survey: Whose pictures they are.
        state: ``undecided``, ``accepted``, ``rejected`` or ``all``.
        flag: Only with this flag; ``any`` for at least one.
        count: How many at most.
        after: Only those behind this star.
    """
    rows = Star.objects.filter(survey=survey).exclude(image_file="").annotate(turn=_TURN)
    if state != "all":
        rows = rows.filter(screening="" if state == "undecided" else state)
    if flag:
        rows = rows.exclude(image_flags="") if flag == "any" else rows.filter(image_flags__contains=flag)
    if after is not None:
        place = Star.objects.filter(survey=survey, id=after).annotate(turn=_TURN)
        found = place.values_list("turn", "position").first()
        if found is not None:
            rows = rows.filter(Q(turn__gt=found[0]) | Q(turn=found[0], position__gt=found[1]))
    return list(rows.order_by("turn", "position")[:count])


def _tell_recipes(survey: Survey) -> None:
    folder = existing(survey_folder(survey), "The survey")
    rejected = Star.objects.filter(survey=survey, screening=Star.Screening.REJECTED).values_list("name", flat=True)
    write_rejected(folder, rejected)
    count_stars(survey)
