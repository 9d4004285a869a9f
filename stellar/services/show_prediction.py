"""Choose the prediction whose classes the table of stars shows."""

from __future__ import annotations

from django.db import connection, transaction

from stellar.errors import NotReadyError
from stellar.models import Prediction, Star, Survey, WorkState

_TAKE = """
UPDATE stellar_stars SET predicted = said.predicted, confidence = said.confidence, type = said.type,
    type_sd = said.type_sd, novelty = said.novelty, modalities_differ = said.modalities_differ
FROM stellar_classifications AS said
WHERE said.star_id = stellar_stars.id AND said.prediction_id = %s
"""


def show_prediction(survey: Survey, prediction: Prediction | None) -> None:
    """Write the answers of a prediction into the rows of the stars, so that they are filtered without a join.

    Args:
        survey: Whose table it is.
        prediction: One of this survey; None shows none.

    Raises:
        NotReadyError: Its run has not ended well.
    """
    if prediction is not None and prediction.state != WorkState.READY:
        raise NotReadyError("This prediction is not ready yet.", hint="Wait until its run has ended.",
                            where="prediction")  # fmt: skip
    with transaction.atomic():
        Star.objects.filter(survey=survey).exclude(predicted=None).update(
            predicted=None, confidence=-1.0, type=None, type_sd=None, novelty=None, modalities_differ=None
        )
        if prediction is not None:
            key = Prediction._meta.pk.get_db_prep_value(prediction.id, connection)
            with connection.cursor() as cursor:
                cursor.execute(_TAKE, [key])  # one statement for all stars, in SQLite and in PostgreSQL
        survey.shown = prediction
        Survey.objects.filter(id=survey.id).update(shown=prediction)
