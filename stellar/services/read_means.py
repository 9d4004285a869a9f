"""Mean spectra of the classes of a survey."""

from __future__ import annotations

from typing import Any

from ml_core.stellar.class_means import read_means
from stellar.models import Survey
from stellar.storage import existing, survey_folder


def read_survey_means(survey: Survey) -> dict[str, Any]:
    """``grid`` and ``classes``, as the import kept them; no classes where no star has both class and spectrum.

    Raises:
        FilesMissingError: The survey's folder is gone.
    """
    means = read_means(existing(survey_folder(survey), "The survey"))
    return {"classes": {}} if means is None else means.as_dict()
