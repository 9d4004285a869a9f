"""Tells the library of weights which predictions stand on a version, and where one is used."""

from __future__ import annotations

from collections.abc import Iterator

from cvstudio.runs.states import ENDED
from cvstudio.weights.dependants import Dependant, Kind, register_dependants
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.uses import register_use
from stellar.models import Prediction
from stellar.selectors import CLASSIFIER
from stellar.services.delete_prediction import delete_prediction


def _find(version: WeightVersion) -> Iterator[Dependant]:
    for row in Prediction.objects.filter(classifier=version).select_related("run"):
        is_active = row.run is not None and row.run.state not in ENDED
        yield Dependant("Prediction", row.name, f"/stellar/surveys/{row.survey_id}/predictions", active=is_active)


def _remove(version: WeightVersion) -> int:
    rows = list(Prediction.objects.filter(classifier=version).select_related("run", "survey"))
    for row in rows:
        delete_prediction(row)
    return len(rows)


def register() -> None:
    """Add predictions to what a deletion looks at, and the page to what the library links to."""
    register_dependants("stellar", Kind(_find, _remove))
    register_use(CLASSIFIER, "/stellar/classifiers/")
