"""The stars of a survey that a person means: by their ids, by a filter, or all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from stellar.errors import NotFoundError, StellarError
from stellar.models import Star, Survey
from stellar.star_query import StarQuery

MOST_IDS = 10_000
MOST_NAMED = 40_000
"""More names do not fit into the settings of a run."""


def choose_stars(
    survey: Survey, *, stars: Sequence[UUID] | None = None, filters: Mapping[str, Any] | None = None
) -> QuerySet[Star]:
    """Rows of one survey in the order of its catalogue.

    Args:
        survey: The caller has checked that the person may see it.
        stars: Ids; each must be of this survey.
        filters: As the table of stars takes them, instead of ids. Neither: all stars.

    Raises:
        NotFoundError: An id is none of this survey.
        StellarError: There are too many ids, or a filter makes no sense.
    """
    rows: QuerySet[Star] = Star.objects.filter(survey=survey)
    if stars is not None:
        wanted = set(stars)
        if len(wanted) > MOST_IDS:
            raise StellarError(f"At most {MOST_IDS:,} stars are named at once.", code="stellar.too_many",
                               hint="Say which by a filter.", where="stars")  # fmt: skip
        rows = rows.filter(id__in=wanted)
        if rows.count() < len(wanted):
            raise NotFoundError("There is no such star in this survey.", where="stars",
                                hint="Check the ids. Things of other people are not shown.")  # fmt: skip
    elif filters:
        rows = replace(StarQuery.parse(filters), survey=survey.id).apply(Star.objects.all())
    return rows.order_by("position")


def chosen_names(
    survey: Survey, *, stars: Sequence[UUID] | None = None, filters: Mapping[str, Any] | None = None
) -> list[str]:
    """Names of the chosen stars for a run's settings; empty when all are meant.

    Raises:
        NotFoundError: An id is none of this survey.
        StellarError: No star is chosen.
    """
    if stars is None and not filters:
        return []
    names = list(choose_stars(survey, stars=stars, filters=filters).values_list("name", flat=True))
    if not names:
        raise StellarError("No star passes this filter.", code="stellar.nothing_chosen", where="filter",
                           hint="Loosen the filter.")  # fmt: skip
    return names
