"""Surveys: all of them, a new one, and the page of one with the report of its import."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cvstudio.accounts.current import current_user
from cvstudio.common.keyset import Sort, keyset_page
from cvstudio.common.quantities import scaled_bytes
from cvstudio.runs.services.control_run import control_run
from ml_core.errors import CodedError
from stellar import selectors
from stellar.errors import NotFoundError
from stellar.models import Survey
from stellar.presentation import (
    REASONS,
    class_bars,
    flag_bars,
    is_working,
    left_out,
    left_out_reasons,
    survey_cards,
    survey_facts,
    survey_tabs,
)  # fmt: skip
from stellar.services.change_survey import change_survey
from stellar.services.create_survey import SAMPLE_STARS, create_from_folder, create_sample
from stellar.services.delete_survey import delete_survey
from stellar.services.finish_import import read_report
from stellar.services.receive_files import SurveyUpload
from stellar.services.start_import import start_import

PAGE_SIZE = 24
ROWS_A_PAGE = 100
ORDERS = {"newest": ("-created_at", "-id"), "name": ("name", "id"), "stars": ("-stars", "-id")}
_BY_POSITION = {"position": Sort("position", "number")}


@login_required
@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    """All surveys as cards."""
    query = request.GET
    filters = {key: query.get(key, "").strip()[:200] for key in ("q", "state")}
    rows = selectors.listed_surveys(request.user)
    if filters["q"]:
        rows = rows.filter(name__icontains=filters["q"])
    if filters["state"] in Survey.State.values:
        rows = rows.filter(state=filters["state"])
    order = query.get("order", "newest")
    page = Paginator(rows.order_by(*ORDERS.get(order, ORDERS["newest"])), PAGE_SIZE).get_page(query.get("page"))
    context = {
        "page": page, "cards": survey_cards(page.object_list), "filters": filters, "order": order,
        "is_filtered": any(filters.values()), "states": Survey.State.choices,
    }  # fmt: skip
    return render(request, "stellar/list.html", context)


@login_required
@require_GET
def new_page(request: HttpRequest) -> HttpResponse:
    """Upload files, register a folder, or make the sample."""
    return render(request, "stellar/new.html", _new_context(request))


@login_required
@require_POST
def register_page(request: HttpRequest) -> HttpResponse:
    """Import a folder of the server."""
    post = request.POST
    return _create(
        request, "folder",
        lambda user: create_from_folder(
            user, post.get("path", ""), name=post.get("name", ""), files=post.get("files", "copy")
        ),
    )  # fmt: skip


@login_required
@require_POST
def sample_page(request: HttpRequest) -> HttpResponse:
    """Make the sample: a simulated survey with known classes."""
    text = request.POST.get("stars", "")
    return _create(
        request, "sample",
        lambda user: create_sample(user, stars=int(text) if text.isdecimal() and len(text) < 9 else SAMPLE_STARS),
    )  # fmt: skip


@login_required
@require_GET
def survey_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """How far the import is; then what came of it, with every reason for a star that is left out."""
    survey = found_survey(request, id)
    context = {"survey": survey, "is_working": is_working(survey.import_run), "api": f"/api/v1/stellar/surveys/{id}"}
    if survey.state == Survey.State.READY:
        context |= {
            "tabs": survey_tabs(survey), "reasons": left_out_reasons(survey), "class_bars": class_bars(survey),
            "left_out_total": survey.stars - survey.complete, "flag_bars": flag_bars(survey),
            "facts": survey_facts(survey), "rows_left_out": _rows_left_out(survey),
        }  # fmt: skip
    return render(request, "stellar/survey.html", context)


@login_required
@require_GET
def import_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A part of the page that keeps itself fresh while an import goes on."""
    survey = found_survey(request, id)
    return render(request, "stellar/_import.html", {"survey": survey, "is_working": is_working(survey.import_run)})


@login_required
@require_GET
def left_out_page(request: HttpRequest, id: UUID) -> HttpResponseBase:
    """Every star that does not train on both modalities, with its reason; also as CSV."""
    survey = found_survey(request, id)
    why = request.GET.get("why", "")
    rows = left_out(survey)
    if why in REASONS:
        rows = rows.filter(REASONS[why][1])
    if request.GET.get("form") == "csv":
        return _csv(survey, rows.order_by("position"))
    page = keyset_page(rows, _BY_POSITION, "", request.GET.get("cursor", ""), ROWS_A_PAGE, default="position")
    context = {
        "survey": survey, "why": why, "reasons": left_out_reasons(survey), "rows": page.rows,
        "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor, "total": rows.count(),
    }  # fmt: skip
    return render(request, "stellar/left_out.html", context)


@login_required
@require_POST
def action_page(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    """Buttons: change, retry, stop, delete."""
    handler = _ACTIONS.get(action)
    if handler is None:
        raise Http404
    survey = found_survey(request, id)
    try:
        return redirect(handler(request, survey))
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("stellar:survey", id)


def found_survey(request: HttpRequest, survey_id: UUID) -> Survey:
    """The survey of an address.

    Raises:
        Http404: There is none for this person.
    """
    try:
        return selectors.visible_survey(request.user, survey_id)
    except NotFoundError as error:
        raise Http404 from error


def _create(request: HttpRequest, way: str, make: Callable[[Any], Survey]) -> HttpResponse:
    try:
        survey = make(current_user(request))
    except CodedError as error:
        context = {**_new_context(request), "fault": error.as_dict(), "posted": request.POST, "way": way}
        return render(request, "stellar/new.html", context, status=422)
    return redirect("stellar:survey", survey.id)


def _new_context(request: HttpRequest) -> dict[str, Any]:
    way = request.GET.get("way", "upload")
    return {
        "way": way if way in ("upload", "folder", "sample") else "upload",
        "max_bytes": settings.MAX_UPLOAD_SIZE,
        "max_files": SurveyUpload.max_files,
        "has_roots": bool(settings.DATASET_ROOTS),
    }


def _rows_left_out(survey: Survey) -> list[dict[str, Any]]:
    """Rows of the catalogue that were not taken; none where the report is gone."""
    try:
        rows: list[dict[str, Any]] = read_report(survey).get("catalogue", {}).get("left_out", [])
    except CodedError:
        return []
    return rows


def _csv(survey: Survey, rows: Any) -> StreamingHttpResponse:
    class Echo:
        def write(self, line: str) -> str:
            return line

    writer = csv.writer(Echo())

    def lines() -> Iterator[str]:
        yield writer.writerow(["name", "subclass", "spectrum", "image", "reason"])
        for star in rows.iterator(chunk_size=2000):
            yield writer.writerow(
                [star.name, star.subclass, int(bool(star.spectrum_file)), int(bool(star.image_file)), star.reason]
            )

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="left-out-{survey.id}.csv"'
    return response


def _change(request: HttpRequest, survey: Survey) -> str:
    text = request.POST.get("description", "")[:10_000]
    change_survey(survey, name=request.POST.get("name", ""), description=text)
    return reverse("stellar:survey", args=[survey.id])


def _retry(_request: HttpRequest, survey: Survey) -> str:
    start_import(survey)
    return reverse("stellar:survey", args=[survey.id])


def _stop(_request: HttpRequest, survey: Survey) -> str:
    if survey.import_run is not None:
        control_run(survey.import_run, "stop")
    return reverse("stellar:survey", args=[survey.id])


def _delete(request: HttpRequest, survey: Survey) -> str:
    facts = {"name": survey.name, "size": scaled_bytes(delete_survey(survey))}
    messages.success(request, _("Deleted %(name)s; %(size)s came back.") % facts)
    return reverse("stellar:list")


_ACTIONS = {"change": _change, "retry": _retry, "stop": _stop, "delete": _delete}
