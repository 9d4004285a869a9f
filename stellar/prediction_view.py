"""What the page of a classified survey counts, and which of its stars want a look."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cvstudio.common.confusion import confusion_view
from ml_core.stellar.spectra.subclass import CLASSES
from stellar.model_presentation import table_address
from stellar.models import Prediction, StarClassification

#: Stars to look at first, by why.
KINDS: dict[str, str | Promise] = {
    "catalogue": gettext_lazy("Not as in the catalogue"),
    "modalities": gettext_lazy("Spectrum and image differ"),
    "none": gettext_lazy("No M0–M4 star"),
    "unsure": gettext_lazy("Least sure"),
}
UNSURE = 0.5


def doubtful(prediction: Prediction, kind: str) -> QuerySet[StarClassification]:
    """The stars of a kind, those first that say most: surely answered and different, or the least sure."""
    rows = StarClassification.objects.filter(prediction=prediction).select_related("star")
    if kind == "catalogue":
        others = rows.filter(star__label__gte=0, predicted__gte=0).exclude(predicted=F("star__label"))
        return others.order_by("-confidence", "star_id")
    if kind == "modalities":
        return rows.filter(modalities_differ=True).order_by("-confidence", "star_id")
    if kind == "none":
        return rows.filter(predicted__lt=0).order_by("-novelty", "star_id")
    return rows.filter(predicted__gte=0, confidence__lt=UNSURE).order_by("confidence", "star_id")


def kind_counts(prediction: Prediction, counts: dict[str, Any]) -> dict[str, int]:
    """How many stars each of `KINDS` has, from `counts_view` and one more query."""
    unsure = Count("id", filter=Q(predicted__gte=0, confidence__lt=UNSURE))
    found = StarClassification.objects.filter(prediction=prediction).aggregate(
        modalities=Count("id", filter=Q(modalities_differ=True)), unsure=unsure
    )
    return {"catalogue": counts["differ"], "none": counts["none"], **found}


def counts_view(prediction: Prediction) -> dict[str, Any]:
    """Numbers, bars and matrix of the page, in one query over the answers."""
    side = len(CLASSES)
    matrix = [[0] * (side + 1) for _unused in CLASSES]
    answers, catalogue = [0] * (side + 1), [0] * (side + 1)
    found = StarClassification.objects.filter(prediction=prediction)
    for label, predicted, count in found.values_list("star__label", "predicted").annotate(n=Count("id")).order_by():
        at = predicted if predicted >= 0 else side
        answers[at] += count
        catalogue[label if label >= 0 else side] += count
        if label >= 0:
            matrix[label][at] += count
    labelled = sum(map(sum, matrix))
    differ = sum(matrix[at][other] for at in range(side) for other in range(side) if at != other)
    total = sum(answers)
    confusion = confusion_view(CLASSES, matrix, lambda row, column: _cell(prediction, row, column))
    labels = [*CLASSES, _("none")]
    return {
        "none": answers[side], "none_share": answers[side] / total if total else 0.0, "labelled": labelled,
        "differ": differ, "differ_share": differ / labelled if labelled else 0.0,
        "modalities_differ": prediction.disagreements, "problems": (prediction.summary or {}).get("problems", 0),
        "histogram": {"labels": labels, "answers": answers, "catalogue": catalogue if labelled else None},
        "confusion": confusion if labelled else None,
    }  # fmt: skip


def _cell(prediction: Prediction, row: int, column: int) -> str:
    """The star table with the stars of a cell; only the answers that the table shows can be filtered there."""
    if prediction.survey.shown_id != prediction.id:
        return ""
    answer = CLASSES[column] if column < len(CLASSES) else "none"
    return table_address(prediction.survey_id, **{"class": CLASSES[row], "predicted": answer})
