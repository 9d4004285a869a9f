"""Two classifications of the same survey: how often they agree, and the stars on which they do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery

from ml_core.stellar.spectra.subclass import CLASSES
from stellar.models import Prediction, StarClassification


@dataclass(frozen=True)
class Agreement:
    """How two classifications fit.

    Attributes:
        both: Stars that both classified.
        same: Stars with the same answer.
        matrix: Counts by the first answer (rows) and the second (columns); the last of each is "none of M0..M4".
        right: For both: stars whose answer is the class of the catalogue, and stars that have one.
    """

    both: int
    same: int
    matrix: list[list[int]]
    right: tuple[int, int]
    labelled: int


def paired(first: Prediction, second: Prediction) -> QuerySet[Any]:
    """The answers of the first with the answer of the second to the same star as ``other``."""
    others = StarClassification.objects.filter(prediction=second, star=OuterRef("star"))
    other, confidence = (Subquery(others.values(name)[:1]) for name in ("predicted", "confidence"))
    rows = StarClassification.objects.filter(prediction=first).annotate(other=other, other_confidence=confidence)
    return rows.filter(other__isnull=False)


def agreement(first: Prediction, second: Prediction) -> Agreement:
    """Counts over all stars of both, in two queries."""
    side = len(CLASSES) + 1
    matrix = [[0] * side for _unused in range(side)]
    right = [0, 0]
    labelled = 0
    rows = paired(first, second).values_list("predicted", "other", "star__label").annotate(n=Count("id"))
    for one, other, label, count in rows.order_by():
        matrix[one if one >= 0 else side - 1][other if other >= 0 else side - 1] += count
        if label >= 0:
            labelled += count
            right[0] += count * (one == label)
            right[1] += count * (other == label)
    both = sum(map(sum, matrix))
    return Agreement(both, sum(matrix[at][at] for at in range(side)), matrix, (right[0], right[1]), labelled)


def disagreements(
    first: Prediction, second: Prediction, *, one: int | None = None, other: int | None = None
) -> QuerySet[Any]:
    """Stars that the two answer differently, those of which both are surest first; or those of one cell."""
    rows = paired(first, second).exclude(predicted=F("other")) if one is None else paired(first, second)
    if one is not None:
        rows = rows.filter(predicted=one, other=other)
    return rows.select_related("star").order_by(-(F("confidence") * F("other_confidence")), "star_id")
