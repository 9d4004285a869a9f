"""Delete a prediction; the classifier and the log of the run stay."""

from __future__ import annotations

from django.db import transaction

from stellar.models import Prediction, StarClassification, Survey, WorkState
from stellar.services.delete_survey import end_runs, remove_folder
from stellar.services.show_prediction import show_prediction
from stellar.storage import names_file, prediction_folder


def delete_prediction(prediction: Prediction) -> int:
    """Delete what a classifier said of a survey. If the table showed it, the newest other one is shown instead.

    Returns:
        Bytes that came back.

    Raises:
        BusyError: Its run is at work.
    """
    if prediction.run is not None:
        end_runs([prediction.run])
    folder, survey = prediction_folder(prediction), prediction.survey
    chosen = names_file(prediction)
    was_shown = Survey.objects.filter(id=survey.id, shown=prediction).exists()
    with transaction.atomic():
        StarClassification.objects.filter(prediction=prediction)._raw_delete("default")
        prediction.delete()
        if was_shown:
            others = Prediction.objects.filter(survey=survey, state=WorkState.READY)
            show_prediction(survey, others.order_by("-created_at", "-id").first())
    chosen.unlink(missing_ok=True)
    return remove_folder(folder)
