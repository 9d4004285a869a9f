"""The numbers of a survey, counted from its stars."""

from __future__ import annotations

from django.db.models import Count, Q

from ml_core.stellar.spectra.subclass import CLASSES
from stellar.models import Star, Survey
from stellar.star_query import complete_stars


def count_stars(survey: Survey) -> None:
    """Count anew and keep the numbers (3 queries)."""
    rows = Star.objects.filter(survey=survey)
    found = rows.aggregate(
        stars=Count("id"), complete=Count("id", filter=complete_stars()),
        with_spectrum=Count("id", filter=~Q(spectrum_file="")),
        with_image=Count("id", filter=~Q(image_file="")),
        low=Count("id", filter=Q(sn_group="low")), high=Count("id", filter=Q(sn_group="high")),
        **{name: Count("id", filter=complete_stars() & Q(label=number)) for number, name in enumerate(CLASSES)},
    )  # fmt: skip
    survey.stars, survey.complete = found["stars"], found["complete"]
    survey.with_spectrum, survey.with_image = found["with_spectrum"], found["with_image"]
    survey.classes = {name: found[name] for name in CLASSES}
    survey.sn_groups = {name: found[name] for name in ("low", "high")}
    survey.save(
        update_fields=["stars", "complete", "with_spectrum", "with_image", "classes", "sn_groups", "updated_at"]
    )
