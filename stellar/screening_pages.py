"""The page on which pictures are accepted and rejected by keys."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from stellar.models import Survey
from stellar.presentation import FLAGS, flag_words, survey_tabs
from stellar.services.screen_stars import screening_counts
from stellar.survey_pages import found_survey


@login_required
@require_GET
def screening_page(request: HttpRequest, id: UUID) -> HttpResponse:
    """The frame; the pictures come over the API, so that a decision is one small request."""
    survey = found_survey(request, id)
    if survey.state != Survey.State.READY:
        return redirect("stellar:survey", id)
    api = "/api/v1/stellar"
    boot = {
        "api": f"{api}/surveys/{id}/screening", "stars": f"{api}/stars", "page": reverse("stellar:any-stars") + "/",
        "flags": {flag: flag_words(flag) for flag in FLAGS}, "counts": screening_counts(survey),
        "train": f"{reverse('stellar:train')}?survey={id}",
    }  # fmt: skip
    context = {
        "survey": survey,
        "tabs": survey_tabs(survey),
        "boot": boot,
        "flag_choices": [(flag, flag_words(flag)) for flag in FLAGS],
    }
    return render(request, "stellar/screening.html", context)
