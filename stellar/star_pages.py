"""The table of stars, and the page of one star, which goes from star to star without loading anew."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ml_core.errors import CodedError
from ml_core.stellar.spectra.subclass import CLASSES
from stellar import selectors
from stellar.errors import NotFoundError
from stellar.models import Star, Survey
from stellar.presentation import FLAGS, flag_words, survey_tabs
from stellar.services.read_star import picture_facts
from stellar.star_columns import COLUMNS, COOKIE, chosen_columns, table_rows
from stellar.star_presentation import (
    classification_rows,
    colours_of,
    features,
    magnitudes_of,
    position_of,
    star_boot,
    star_facts,
)  # fmt: skip
from stellar.star_query import StarQuery
from stellar.survey_pages import found_survey

PAGE_SIZE = 50
_PLAIN = ("search", "cone", "class", "predicted", "disagrees", "sn_min", "sn_max")
_MORE = ("sn_min", "sn_max", "sn_group", "complete", "lacks", "screening", "flag")


@login_required
@require_GET
def newest_table_page(request: HttpRequest) -> HttpResponse:
    """The table of the survey that was made last, with the same filters."""
    rows = selectors.listed_surveys(request.user).filter(state=Survey.State.READY)
    wanted = request.GET.get("survey", "")
    newest = next((row for row in rows[:200] if str(row.id) == wanted), None) or rows.first()
    if newest is None:
        return redirect("stellar:list")
    query = request.GET.copy()
    query.pop("survey", None)
    address = reverse("stellar:stars", args=[newest.id])
    return redirect(f"{address}?{query.urlencode()}" if query else address)


@login_required
@require_GET
def table_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """Stars of a survey: searched, filtered and sorted by the address; page after page by a key."""
    survey = found_survey(request, id)
    if survey.state != Survey.State.READY:
        return redirect("stellar:survey", id)
    query, fault = _query(request, survey)
    page = selectors.star_page(request.user, query, cursor=request.GET.get("cursor", ""), size=PAGE_SIZE, count=True)
    columns = chosen_columns(request.GET.get("columns"), request.COOKIES.get(COOKIE), has_cone=query.cone is not None)
    params = query.as_params()
    filters = {name: value for name, value in params.items() if name not in ("survey", "sort")}
    asked = params | {name: request.GET.get(name, "") for name in _PLAIN} if fault else params
    asked["cone"] = request.GET.get("cone", "")  # as it was written, not in degrees
    context = {
        "survey": survey, "tabs": survey_tabs(survey), "fault": fault, "asked": asked,
        "api": f"/api/v1/stellar/surveys/{id}", "api_list": f"/api/v1/stellar/stars?{query.as_text()}",
        "is_filtered": query.is_filtered or fault is not None, "rows": table_rows(page.rows, columns),
        "columns": columns, "all_columns": COLUMNS, "column_keys": {column.key for column in columns},
        "next_cursor": page.next, "previous_cursor": page.previous, "matching": page.count,
        "filter_json": json.dumps(filters), "suffix": _suffix(query), "export_query": f"?{urlencode(params)}",
        "class_names": CLASSES, "more_asked": any(params.get(name) for name in _MORE), **_choices(asked),
    }  # fmt: skip
    return render(request, "stellar/stars.html", context, status=422 if fault else 200)


@login_required
@require_GET
def star_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """Everything about one star; its neighbours are those of the table that led here."""
    context = _star_context(request, id)
    context |= {"features": features()}
    return render(request, "stellar/star.html", context)


@login_required
@require_GET
def part_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """What differs from star to star: fetched before the person goes there."""
    return render(request, "stellar/star_part.html", _star_context(request, id))


def _star_context(request: HttpRequest, star_id: UUID) -> dict[str, Any]:
    try:
        star = selectors.visible_star(request.user, star_id)
    except NotFoundError as error:
        raise Http404 from error
    query, _fault = _query(request, star.survey)
    picture = picture_facts(star)
    rows = list(selectors.classifications_of(star))
    suffix = _suffix(query)
    return {
        "star": star, "boot": star_boot(star, picture, *selectors.stars_beside(request.user, star, query)),
        "suffix": suffix, "table_url": reverse("stellar:stars", args=[star.survey_id]) + suffix,
        "position": position_of(star), "magnitudes": magnitudes_of(star), "colours": colours_of(star),
        "facts": star_facts(star, picture), "class_names": CLASSES, "sn": star.sn if star.spectrum_file else None,
        "classifications": classification_rows(rows, star.survey.shown_id),
    }  # fmt: skip


def _query(request: HttpRequest, survey: Survey) -> tuple[StarQuery, dict[str, Any] | None]:
    """The filters of an address; where they make no sense, all stars and what is wrong."""
    values = request.GET.copy()
    values["survey"] = str(survey.id)
    try:
        return StarQuery.parse(values), None
    except CodedError as error:
        return replace(StarQuery(), survey=survey.id), error.as_dict()


def _suffix(query: StarQuery) -> str:
    """The filters behind the address of a star; its survey is known."""
    params = {name: value for name, value in query.as_params().items() if name != "survey"}
    return f"?{urlencode(params)}" if params else ""


def _choices(asked: dict[str, str]) -> dict[str, Any]:
    classes = [(name, name) for name in CLASSES]
    yes_no = [("yes", _("yes")), ("no", _("no"))]
    more = (
        ("sn_group", _("S/N group"), [("low", _("below 5")), ("high", _("from 5"))]),
        ("complete", _("Complete"), yes_no),
        ("lacks", _("Lacks"), [("spectrum", _("spectrum")), ("image", _("image")), ("spectrum,image", _("both"))]),
        ("screening", _("Screening"), [("undecided", _("undecided")), *Star.Screening.choices[1:]]),
        ("flag", _("Flag"), [("any", _("any flag")), *((flag, flag_words(flag)) for flag in FLAGS)]),
    )
    return {
        "class_choices": [*classes, ("unknown", _("none of M0 to M4"))],
        "predicted_choices": [*classes, ("none", _("none of M0 to M4")), ("unclassified", _("not classified"))],
        "disagree_choices": [
            ("label", _("Prediction against catalogue")), ("modality", _("Spectrum against image")),
            ("any", _("Either of them")),
        ],
        "more_choices": [
            {"key": key, "title": title, "options": options, "value": asked.get(key, "")}
            for key, title, options in more
        ],
    }  # fmt: skip
