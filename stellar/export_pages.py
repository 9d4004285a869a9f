"""Export: format, columns with their units, and the filters of the star table carried over."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from ml_core.errors import CodedError
from stellar import selectors
from stellar.export_columns import COLUMNS
from stellar.model_presentation import ids_of
from stellar.prediction_pages import found_survey
from stellar.star_query import StarQuery
from stellar.train_pages import ready_surveys

FORMATS = (
    ("csv", "CSV", gettext_lazy("Text with a header that holds the units (ECSV): astropy and TOPCAT read it.")),
    ("csv-plain", gettext_lazy("CSV, plain"), gettext_lazy("Only names of columns and values, for a spreadsheet.")),
    ("votable", "VOTable", gettext_lazy("For TOPCAT, Aladin and the virtual observatory.")),
    ("fits", "FITS", gettext_lazy("A binary table; small, and quick to read.")),
)
GROUPS = {
    "catalogue": gettext_lazy("Catalogue"),
    "files": gettext_lazy("Files"),
    "measured": gettext_lazy("Measured"),
    "predicted": gettext_lazy("Predicted"),
}


@login_required
@require_GET
def export_page(request: HttpRequest) -> HttpResponse:
    """What is written, of which stars, in which form; the download itself is an address of the API."""
    survey = next((found_survey(request, one) for one in ids_of([request.GET.get("survey", "")])), None)
    context: dict[str, Any] = {"surveys": ready_surveys(request), "survey": survey, "formats": FORMATS}
    status = 200
    if survey is not None:
        try:
            context |= _context(request, survey)
        except CodedError as error:
            context |= {"fault": error.as_dict(), "count": survey.stars, "query": "", "groups": _groups()}
            status = 422
    return render(request, "stellar/export.html", context, status=status)


def _context(request: HttpRequest, survey: Any) -> dict[str, Any]:
    query = StarQuery.parse({**request.GET.dict(), "survey": str(survey.id)})
    given = {key: value for key, value in query.as_params().items() if key != "survey"}
    page = selectors.star_page(request.user, query, size=1, count=True)
    return {
        "count": page.count, "query": urlencode(given), "groups": _groups(),
        "api_path": f"/api/v1/stellar/surveys/{survey.id}/export/csv" + (f"?{urlencode(given)}" if given else ""),
        "filters": [_chip(survey, given, key) for key in given if key != "sort"],
    }  # fmt: skip


def _chip(survey: Any, given: dict[str, Any], key: str) -> dict[str, str]:
    rest = {"survey": str(survey.id)} | {name: value for name, value in given.items() if name != key}
    value = Truncator(str(given[key])).chars(60)
    return {"title": filter_title(key), "value": value, "without": f"?{urlencode(rest)}"}


def filter_title(key: str) -> str:
    """What a filter is called on the pages."""
    titles = {
        "search": _("Search"), "cone": _("Cone"), "class": _("Class"), "predicted": _("Answer"),
        "sn_min": _("S/N from"), "sn_max": _("S/N to"), "sn_group": _("S/N group"), "complete": _("Complete"),
        "has": _("Has"),
        "disagrees": _("Disagrees"), "screening": _("Screening"), "flag": _("Flag"), "novel": _("Novel"),
        "stars": _("Chosen stars"),
    }  # fmt: skip
    return titles.get(key, key)


def _groups() -> list[dict[str, Any]]:
    found = ((title, [column for column in COLUMNS if column.group == key]) for key, title in GROUPS.items())
    return [{"title": title, "columns": columns} for title, columns in found if columns]
