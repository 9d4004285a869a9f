"""What a prediction left beside the answers: the map of the embedding, and who lies near whom in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvstudio.runs.folders import run_folder
from cvstudio.weights import library
from cvstudio.weights.models import WeightVersion
from ml_core.errors import FormatError
from stellar.errors import NotFoundError
from stellar.models import Prediction, Star, Survey
from stellar.services.record_prediction import EMBEDDING, VECTORS
from stellar.storage import existing, prediction_folder


def embedding_file(prediction: Prediction) -> Path:
    """The map of the embedding.

    Raises:
        FilesMissingError: It is gone.
    """
    return existing(prediction_folder(prediction) / EMBEDDING, "The map of this prediction")


def read_embedding(prediction: Prediction) -> dict[str, Any]:
    """Columns of equal length: classes, stars (ids; null where deleted), names, x, y, label, predicted, sn, novelty.

    Raises:
        FilesMissingError: The map is gone.
        FormatError: It is damaged.
    """
    return _with_ids(prediction.survey, read_columns(embedding_file(prediction)))


def read_classifier_map(version: WeightVersion, survey: Survey | None) -> dict[str, Any]:
    """The same for the stars that a classifier was trained and judged on, with ``split``.

    Raises:
        FilesMissingError: The files of the weight are gone.
        NotFoundError: The training left no map.
        FormatError: It is damaged.
    """
    path = map_of_classifier(version)
    return _with_ids(survey, read_columns(path))


def map_of_classifier(version: WeightVersion) -> Path:
    """The file of the map, in the weight folder or with the run.

    Raises:
        FilesMissingError: The files of the weight are gone.
        NotFoundError: The training left no map.
    """
    places = [library.folder_of(version) / EMBEDDING]
    if version.run_id is not None:
        places.append(run_folder(version.run_id) / "artifacts" / EMBEDDING)
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise NotFoundError("There is no map of this classifier's stars.", hint="Classify a survey to get one.")
    return found


def nearest_stars(prediction: Prediction, star: Star, count: int) -> list[tuple[Star, float]]:
    """The stars that a classifier finds most alike, the nearest first, with their distance.

    Raises:
        FilesMissingError: The embedding is gone.
        NotFoundError: The star was not classified.
    """
    from ml_core.stellar.neighbours import nearest  # scipy: not when the web process starts

    folder = prediction_folder(prediction)
    names: list[str] = read_columns(existing(folder / EMBEDDING, "The map of this prediction"))["names"]
    vectors: NDArray[np.float32] = np.load(
        existing(folder / VECTORS, "The embedding of this prediction"), mmap_mode="r", allow_pickle=False
    )
    try:
        place = names.index(star.name)
    except ValueError as error:
        raise NotFoundError(f"{star.name} was not classified in this prediction.", where="prediction",
                            hint="Classify the survey again.") from error  # fmt: skip
    if len(vectors) != len(names):
        raise _unreadable()
    found, distances = nearest(vectors, np.asarray(vectors[place]), count=count, exclude=[place])
    pairs = zip(np.ravel(found).tolist(), np.ravel(distances).tolist(), strict=True)
    near = {names[row]: away for row, away in pairs if row >= 0}
    rows = {row.name: row for row in Star.objects.filter(survey=prediction.survey_id, name__in=near)}
    return [(rows[name], away) for name, away in near.items() if name in rows]


def read_columns(path: Path) -> dict[str, Any]:
    """The file as it is.

    Raises:
        FormatError: ``stellar.map_unreadable``.
    """
    try:
        columns: Any = json.loads(path.read_text(encoding="utf-8"))
        lengths = {len(columns[name]) for name in ("names", "x", "y")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable() from error
    if len(lengths) != 1:
        raise _unreadable()
    return dict(columns)


def _with_ids(survey: Survey | None, columns: dict[str, Any]) -> dict[str, Any]:
    rows = Star.objects.filter(survey=survey).values_list("name", "id") if survey is not None else ()
    ids = {name: str(pk) for name, pk in rows}
    return {**columns, "stars": [ids.get(name) for name in columns["names"]]}


def _unreadable() -> FormatError:
    return FormatError("The map of the stars cannot be read.", code="stellar.map_unreadable",
                       hint="Classify the survey again.", where=EMBEDDING)  # fmt: skip
