"""Which stars of a survey can train, why the others cannot, and how long it will take."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ml_core.stellar.spectra.subclass import CLASSES
from stellar.models import Star, Survey
from stellar.training_time import training_seconds

#: Below so many stars of a class its scores say little.
FEW = 20
MOST_REASONS = 12
HAS_SPECTRUM = ~Q(spectrum_file="")
HAS_IMAGE = ~Q(image_file="") & ~Q(screening="rejected")
HAS = {
    "both": HAS_SPECTRUM & HAS_IMAGE,
    "any": HAS_SPECTRUM | HAS_IMAGE,
    "spectrum": HAS_SPECTRUM,
    "image": HAS_IMAGE,
}


def usable_view(survey: Survey | None, modality: str, preset: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Counts by class, reasons of the others, warnings, seconds."""
    if survey is None:
        return {"total": 0, "classes": [], "left_out": [], "left_out_total": 0, "warnings": [], "seconds": None}
    stars = Star.objects.filter(survey=survey)
    usable = stars.filter(HAS[modality], label__gte=0)
    counts = dict(usable.values_list("label").annotate(n=Count("id")).order_by("label"))
    total = sum(counts.values())
    reasons = _reasons(stars, modality)
    return {
        "total": total, "most": max(counts.values(), default=1),
        "classes": [{"name": name, "count": counts.get(at, 0)} for at, name in enumerate(CLASSES)],
        "left_out": reasons[:MOST_REASONS], "left_out_total": sum(one["count"] for one in reasons),
        "warnings": _warnings(counts),
        "seconds": training_seconds(preset, total, settings),
    }  # fmt: skip


def _reasons(stars: Any, modality: str) -> list[dict[str, Any]]:
    """Why stars are left out, in words that hold for many; a star counts once, for the first reason."""
    has_class, has = Q(label__gte=0), HAS[modality]
    texts = [
        (~has_class & Q(subclass=""), _("It has no class in the catalogue.")),
        (~has_class & ~Q(subclass=""), _("Its class is none of M0 to M4.")),
        (
            has_class & ~has & ~Q(image_file="") & Q(screening="rejected"),
            _("Its image was rejected in the screening."),
        ),
        (has_class & ~has & Q(spectrum_file="") & Q(image_file=""), _("Spectrum and image are missing.")),
        (has_class & ~has & Q(spectrum_file="") & ~Q(image_file=""), _("Its spectrum is missing.")),
        (has_class & ~has & ~Q(spectrum_file="") & Q(image_file=""), _("Its image is missing.")),
    ]
    found = stars.aggregate(**{f"reason_{at}": Count("id", filter=where) for at, (where, _text) in enumerate(texts)})
    rows = [{"reason": text, "count": found[f"reason_{at}"]} for at, (_where, text) in enumerate(texts)]
    return sorted((row for row in rows if row["count"]), key=lambda row: -row["count"])


def _warnings(counts: dict[int, int]) -> list[str]:
    missing = [name for at, name in enumerate(CLASSES) if not counts.get(at)]
    few = [name for at, name in enumerate(CLASSES) if 0 < counts.get(at, 0) < FEW]
    told = []
    if missing:
        text = _("No star of %(classes)s: the classifier will hardly know them.")
        told.append(text % {"classes": ", ".join(missing)})
    if few:
        text = ngettext(
            "Fewer than %(few)s stars of %(classes)s: its scores will be uncertain.",
            "Fewer than %(few)s stars each of %(classes)s: their scores will be uncertain.",
            len(few),
        )
        told.append(text % {"few": FEW, "classes": ", ".join(few)})
    return told
