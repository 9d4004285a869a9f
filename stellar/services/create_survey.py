"""Make a survey from uploaded files, from a place on the server, or the sample; its import starts at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.db import transaction

from cvstudio.accounts.models import User
from cvstudio.datasets.services.resolve_folder import resolve_folder
from ml_core.stellar.survey import find_catalogue
from stellar.errors import StellarError
from stellar.models import Survey
from stellar.services.receive_files import SurveyUpload
from stellar.services.start_import import start_import

SAMPLE_NAME = "Simulated stars"
SAMPLE_STARS = 100
MOST_SIMULATED = 20_000
_LINKED = ("link", "copy")


def create_from_uploads(owner: User, upload: SurveyUpload, *, name: str = "") -> Survey:
    """Keep uploaded files and import them.

    Raises:
        CodedError: The upload is empty, has no catalogue, or a file could do harm. Nothing is kept then.
        QuotaError: Too many runs of this person wait already.
    """
    try:
        choice = upload.finish()
        survey = _create(owner, name or upload.label, Survey.Source.UPLOAD, choice, origin=upload.folder)
    except BaseException:
        upload.discard()
        raise
    upload.kept = True
    return survey


def create_from_folder(owner: User, place: str, *, name: str = "", files: str = "link") -> Survey:
    """Import a folder, a zip or a catalogue that lies under an allowed root; it stays as it is.

    Args:
        owner: Whose survey it is.
        place: As a person writes it.
        name: Of the survey; that of the folder when left out.
        files: ``link`` to spectra and pictures where they lie, or ``copy`` them.

    Raises:
        FolderNotAllowedError: It lies elsewhere.
        StellarError: There is no catalogue in it.
    """
    if files not in _LINKED:
        raise StellarError("Files are linked or copied.", code="stellar.files", hint="link or copy.", where="files")
    path = _resolve_place(place)
    if path.is_dir() and not _holds_catalogue(path):
        raise StellarError("The folder has no catalogue.", code="survey.no_catalogue", where="path",
                           hint="Put objects.csv into it, beside spectra and images.")  # fmt: skip
    choice = {"source": str(path), "files": files if path.suffix.lower() != ".zip" else "copy"}
    return _create(owner, name or path.stem, Survey.Source.FOLDER, choice, origin=path)


def create_sample(owner: User, *, name: str = "", stars: int = SAMPLE_STARS, seed: int = 0) -> Survey:
    """A simulated survey, ready to try everything with.

    Raises:
        StellarError: The number of stars is out of bounds.
    """
    if not 5 <= stars <= MOST_SIMULATED:
        raise StellarError(f"Ask for 5 to {MOST_SIMULATED:,} stars.", code="stellar.stars", where="stars",
                           hint="100 are enough to look around; 1,600 to train on.")  # fmt: skip
    choice = {"sample": "simulated", "stars": stars, "seed": seed}
    return _create(owner, name or SAMPLE_NAME, Survey.Source.SAMPLE, choice)


def titled(name: str) -> str:
    """A name on one line.

    Raises:
        StellarError: It is empty.
    """
    title = " ".join(name.split())[:200]
    if not title:
        raise StellarError("A survey needs a name.", hint="Give it one.", where="name")
    return title


def _create(owner: User, name: str, source: str, choice: dict[str, Any], origin: Path | None = None) -> Survey:
    with transaction.atomic():
        survey = Survey.objects.create(
            owner=owner, name=titled(name), source=source, choice=choice, origin=str(origin or "")
        )
        return start_import(survey)


def _resolve_place(text: str) -> Path:
    if text and "\0" not in text and len(text) <= 1000 and Path(text).is_file():
        path = Path(os.path.realpath(text))
        return resolve_folder(str(path.parent)) / path.name
    return resolve_folder(text)


def _holds_catalogue(folder: Path) -> bool:
    """In the folder itself, or in its only folder that has one."""
    if find_catalogue(folder) is not None:
        return True
    inner = [path for path in folder.iterdir() if path.is_dir() and find_catalogue(path) is not None]
    return len(inner) == 1
