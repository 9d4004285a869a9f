"""Take stars out of a survey, with their files."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from cvstudio.runs.states import ACTIVE
from stellar.errors import BusyError, StellarError
from stellar.models import ScreeningDecision, Star, StarClassification, Survey
from stellar.services.count_stars import count_stars
from stellar.services.delete_survey import runs_of
from stellar.services.write_catalogue import write_catalogue
from stellar.storage import folder_of


def delete_stars(survey: Survey, stars: QuerySet[Star]) -> int:
    """Delete rows, classifications, and the files of the stars in the survey folder; what these link to stays.

    Returns:
        How many stars went.

    Raises:
        BusyError: A run is at work on the survey.
        StellarError: No star would be left.
    """
    if any(run.state in ACTIVE for run in runs_of(survey)):
        raise BusyError("A run is at work on this survey.", where=str(survey.id),
                        hint="Stop it, or wait until it has ended.")  # fmt: skip
    found = list(stars.order_by().values_list("id", "spectrum_file", "image_file"))
    if len(found) >= survey.stars:
        raise StellarError("No star would be left.", code="stellar.all_stars", where="stars",
                           hint="Delete the survey instead.")  # fmt: skip
    with transaction.atomic():
        chosen = Star.objects.filter(id__in=stars.order_by().values("id"))
        for model in (StarClassification, ScreeningDecision):
            model.objects.filter(star__in=chosen)._raw_delete("default")
        chosen._raw_delete("default")
        count_stars(survey)
        write_catalogue(survey)
    folder = folder_of(survey.id)
    for _, *files in found:
        for name in filter(None, files):
            (folder / name).unlink(missing_ok=True)
    return len(found)
