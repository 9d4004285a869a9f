"""Addresses below /api/v1/stellar/. No trailing slashes."""

from __future__ import annotations

from django.urls import URLPattern, path

from stellar.api import star_views, survey_views

_SURVEY = "surveys/<uuid:id>"
_STAR = "stars/<uuid:id>"
urlpatterns: list[URLPattern] = [
    path("surveys", survey_views.SurveyListView.as_view(), name="api-stellar-surveys"),
    path(_SURVEY, survey_views.SurveyView.as_view(), name="api-stellar-survey"),
    path(f"{_SURVEY}/retry", survey_views.RetryView.as_view(), name="api-stellar-retry"),
    path(f"{_SURVEY}/report", survey_views.ReportView.as_view(), name="api-stellar-report"),
    path(f"{_SURVEY}/means", survey_views.MeansView.as_view(), name="api-stellar-means"),
    path("stars", star_views.StarListView.as_view(), name="api-stellar-stars"),
    path(_STAR, star_views.StarView.as_view(), name="api-stellar-star"),
    path(f"{_STAR}/spectrum", star_views.StarSpectrumView.as_view(), name="api-stellar-spectrum"),
    path(f"{_STAR}/image", star_views.StarPictureView.as_view(), name="api-stellar-image"),
    path("lines", star_views.FeaturesView.as_view(), name="api-stellar-lines"),
]
