"""Surveys and predictions in the lists of the platform, of what a run is about and what takes room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy, ngettext

from cvstudio.common.shelves import DATASETS, PREDICTIONS, Entry, Shelf, owned_rows, register_shelf
from cvstudio.monitor.disk.registry import Holding, Kind, none_block, register_kind
from cvstudio.runs.viewers import register_viewer, rows_of
from stellar.models import Download, Prediction, Survey, Training
from stellar.services.delete_survey import delete_survey
from stellar.storage import picture_folder, survey_home

SURVEYS, PREDICTIONS_OF_STARS = gettext_lazy("Surveys of stars"), gettext_lazy("Classes of stars")


def _stars(number: int) -> str:
    return ngettext("%(n)s star", "%(n)s stars", number) % {"n": f"{number:,}"}


def _survey(row: Survey) -> Entry:
    state, owner = str(row.get_state_display()), row.owner.username
    return Entry(row.name, f"/stellar/surveys/{row.id}", _stars(row.stars), state, owner, row.created_at)


def _prediction(row: Prediction) -> Entry:
    facts, state = f"{row.survey.name} · {_stars(row.stars)}", str(row.get_state_display())
    return Entry(row.name, f"/stellar/predictions/{row.id}", facts, state, row.owner.username, row.created_at)


def _holdings(user: Any) -> Iterator[Holding]:
    for row in Survey.objects.visible_to(user).select_related("owner"):
        paths = (survey_home(row.id), picture_folder(row.id))
        url, owner = f"/stellar/surveys/{row.id}", row.owner.username
        yield Holding(str(row.id), row.name, paths, url, owner, row.created_at)


def _delete(user: Any, id: str) -> None:
    delete_survey(Survey.objects.visible_to(user).get(id=id))


def register() -> None:
    """Take their places."""
    predictions = owned_rows(Prediction, "name", "survey")
    register_shelf(Shelf("stellar", DATASETS, SURVEYS, "star", "/stellar/", owned_rows(Survey), _survey))
    register_shelf(Shelf("stellar", PREDICTIONS, PREDICTIONS_OF_STARS, "star", "/stellar/", predictions, _prediction))
    register_kind(Kind("stellar-surveys", SURVEYS, "star", 45, _holdings, none_block, _delete))
    survey = gettext_lazy("Survey")
    register_viewer(
        "stellar.import", rows_of(Survey, "import_run", survey, "star", lambda row: f"/stellar/surveys/{row.id}")
    )
    register_viewer(
        "stellar.",
        rows_of(Training, "run", survey, "star",
                lambda row: f"/stellar/surveys/{row.survey_id}" if row.survey_id else "/stellar/classifiers"),
    )  # fmt: skip
    answers = gettext_lazy("Classes of stars")
    register_viewer(
        "stellar.predict", rows_of(Prediction, "run", answers, "star", lambda row: f"/stellar/predictions/{row.id}")
    )
    download = gettext_lazy("Download")
    register_viewer(
        "stellar.", rows_of(Download, "run", download, "download", lambda row: f"/stellar/downloads/{row.id}")
    )
