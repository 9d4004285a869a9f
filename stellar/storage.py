"""Where surveys and predictions keep their files. Paths are made from ids and from what an import wrote itself."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings

from stellar.errors import FilesMissingError
from stellar.models import Prediction, Star, Survey


def survey_home(survey_id: UUID) -> Path:
    """Everything of a survey that is ours: its survey folder, cached arrays, and predictions."""
    return Path(settings.DATASETS_DIR) / "stellar" / str(survey_id)


def survey_folder(survey: Survey) -> Path:
    """In the layout of the specification: objects.csv, spectra, images; and report.json, measurements.csv."""
    return folder_of(survey.id)


def folder_of(survey_id: UUID) -> Path:
    """The same, by the id."""
    return survey_home(survey_id) / "survey"


def cache_folder(survey: Survey) -> Path:
    """Arrays that trainings and predictions on the survey share."""
    return survey_home(survey.id) / "cache"


def prediction_folder(prediction: Prediction) -> Path:
    """Holds predictions.csv, predictions.json and the embedding."""
    return survey_home(prediction.survey_id) / "predictions" / str(prediction.id)


def names_file(prediction: Prediction) -> Path:
    """Names of the stars that a prediction is asked for, where they are many."""
    return survey_home(prediction.survey_id) / "selections" / f"{prediction.id}.txt"


def picture_folder(survey_id: UUID) -> Path:
    """What was drawn or computed of a survey for pages; may be removed at any time."""
    return Path(settings.THUMBNAILS_DIR) / "stellar" / str(survey_id)


def new_upload_folder() -> Path:
    """A fresh folder for the files of one upload."""
    return Path(settings.UPLOAD_DIR) / f"stellar-{uuid4().hex}"


def is_upload(path: Path) -> bool:
    """Whether a folder was made by `new_upload_folder`, so that it may be removed."""
    return path.parent == Path(settings.UPLOAD_DIR) and path.name.startswith("stellar-")


def spectrum_path(star: Star) -> Path:
    """The star's spectrum.

    Raises:
        FilesMissingError: It has none, or the file is gone.
    """
    return _file(star, star.spectrum_file, "spectrum")


def image_path(star: Star) -> Path:
    """The star's picture.

    Raises:
        FilesMissingError: It has none, or the file is gone.
    """
    return _file(star, star.image_file, "image")


def existing(path: Path, what: str) -> Path:
    """The path, when it is there.

    Raises:
        FilesMissingError: It is gone.
    """
    if not path.exists():
        raise FilesMissingError(f"{what} is gone from the disk.", hint="Import or compute it again.", where=path.name)
    return path


def _file(star: Star, name: str, what: str) -> Path:
    if not name:
        raise FilesMissingError(f"{star.name} has no {what}.", code="not_found", where=what,
                                hint="Download it, or import the survey again with it.")  # fmt: skip
    return existing(folder_of(star.survey_id) / name, f"The {what} of {star.name}")
