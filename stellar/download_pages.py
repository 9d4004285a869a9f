"""Downloads: start one, follow it, and see for each star what came of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cvstudio.accounts.current import current_user
from cvstudio.runs.services.control_run import control_run
from ml_core.errors import CodedError
from stellar import selectors
from stellar.download_view import (
    KINDS,
    changed_settings,
    download_rows,
    missing_files,
    outcome_words,
    provenance_rows,
    settings_form,
)
from stellar.errors import NotFoundError
from stellar.models import Download, Survey
from stellar.presentation import is_working, survey_tabs
from stellar.services.start_download import start_download
from stellar.survey_pages import found_survey

SHOWN = 20
_CONTROLS = ("stop", "pause", "resume")


@login_required
@require_http_methods(["GET", "POST"])
def downloads_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """What is missing, a form to fetch it, and what was fetched before."""
    survey = found_survey(request, id)
    if survey.state != Survey.State.READY:
        return redirect("stellar:survey", id)
    user = current_user(request)
    asked = (request.POST if request.method == "POST" else request.GET).get("kind", "images")
    kind = asked if asked in KINDS else "images"
    fault: dict[str, Any] | None = None
    typed: dict[str, Any] | None = None
    if request.method == "POST":
        typed = changed_settings(kind, request.POST, is_staff=user.is_staff)
        try:
            return redirect("stellar:download", start_download(user, survey, kind, settings=typed).id)
        except CodedError as error:
            fault = error.as_dict()
    context = {
        "survey": survey, "tabs": survey_tabs(survey), "kind": kind, "kinds": KINDS.items(), "fault": fault,
        "form": settings_form(kind, is_staff=user.is_staff, values=typed), "missing": missing_files(survey),
        "downloads": download_rows(selectors.listed_downloads(request.user).filter(survey=survey)[:SHOWN]),
        "api_body": {"survey": str(survey.id), "kind": kind},
    }  # fmt: skip
    return render(request, "stellar/downloads.html", context, status=422 if fault else 200)


@login_required
@require_GET
def download_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """One download: how far it is, and every star by what came of it."""
    download = _found(request, id)
    row = download_rows([download])[0]
    context = {
        **row, "survey": download.survey, "is_working": row["working"], "provenance": provenance_rows(download),
        "api": f"/api/v1/stellar/downloads/{id}",
        "outcome_words": outcome_words(),
    }  # fmt: skip
    return render(request, "stellar/download.html", context)


@login_required
@require_GET
def progress_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """A part of the page that keeps itself fresh while the download goes on."""
    download = _found(request, id)
    context = {"download": download, "is_working": is_working(download.run), **download_rows([download])[0]}
    return render(request, "stellar/_download_progress.html", context)


@login_required
@require_POST
def action_page(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    """Buttons: stop, pause, resume, and asking again with the same settings."""
    download = _found(request, id)
    try:
        if action == "again":
            survey = selectors.visible_survey(request.user, download.survey_id)
            again = start_download(current_user(request), survey, download.kind, settings=download.settings)
            return redirect("stellar:download", again.id)
        if action not in _CONTROLS:
            raise Http404
        if download.run is not None:
            control_run(download.run, action)
    except CodedError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    return redirect("stellar:download", id)


def _found(request: HttpRequest, download_id: UUID) -> Download:
    try:
        return selectors.visible_download(request.user, download_id)
    except NotFoundError as error:
        raise Http404 from error
