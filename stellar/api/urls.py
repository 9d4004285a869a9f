"""Addresses below /api/v1/stellar/. No trailing slashes."""

from __future__ import annotations

from django.urls import URLPattern, path

from stellar.api import action_views, classifier_views, star_views, survey_views, work_views

_SURVEY = "surveys/<uuid:id>"
_STAR = "stars/<uuid:id>"
urlpatterns: list[URLPattern] = [
    path("surveys", survey_views.SurveyListView.as_view(), name="api-stellar-surveys"),
    path(_SURVEY, survey_views.SurveyView.as_view(), name="api-stellar-survey"),
    path(f"{_SURVEY}/retry", survey_views.RetryView.as_view(), name="api-stellar-retry"),
    path(f"{_SURVEY}/files", survey_views.FilesView.as_view(), name="api-stellar-files"),
    path(f"{_SURVEY}/report", survey_views.ReportView.as_view(), name="api-stellar-report"),
    path(f"{_SURVEY}/means", survey_views.MeansView.as_view(), name="api-stellar-means"),
    path("stars", star_views.StarListView.as_view(), name="api-stellar-stars"),
    path(_STAR, star_views.StarView.as_view(), name="api-stellar-star"),
    path(f"{_STAR}/spectrum", star_views.StarSpectrumView.as_view(), name="api-stellar-spectrum"),
    path(f"{_STAR}/image", star_views.StarPictureView.as_view(), name="api-stellar-image"),
    path(
        f"{_STAR}/classifications", action_views.StarClassificationsView.as_view(), name="api-stellar-classifications"
    ),
    path(f"{_STAR}/neighbours", action_views.StarNeighboursView.as_view(), name="api-stellar-star-neighbours"),
    path(f"{_STAR}/attribution", classifier_views.AttributionView.as_view(), name="api-stellar-attribution"),
    path(f"{_SURVEY}/stars/class", action_views.SetClassView.as_view(), name="api-stellar-set-class"),
    path(f"{_SURVEY}/stars/delete", action_views.DeleteStarsView.as_view(), name="api-stellar-delete-stars"),
    path(f"{_SURVEY}/screening", action_views.ScreeningView.as_view(), name="api-stellar-screening"),
    path(f"{_SURVEY}/screening/undo", action_views.UndoView.as_view(), name="api-stellar-undo"),
    path(f"{_SURVEY}/export/<str:kind>", action_views.ExportView.as_view(), name="api-stellar-export"),
    path("columns", action_views.ColumnsView.as_view(), name="api-stellar-columns"),
    path("predictions", work_views.PredictionListView.as_view(), name="api-stellar-predictions"),
    path("predictions/<uuid:id>", work_views.PredictionView.as_view(), name="api-stellar-prediction"),
    path("predictions/<uuid:id>/show", work_views.ShowPredictionView.as_view(), name="api-stellar-show"),
    path("predictions/<uuid:id>/embedding", work_views.PredictionEmbeddingView.as_view(), name="api-stellar-embedding"),
    path("trainings", work_views.TrainingListView.as_view(), name="api-stellar-trainings"),
    path("trainings/<uuid:id>", work_views.TrainingView.as_view(), name="api-stellar-training"),
    path("presets", work_views.PresetsView.as_view(), name="api-stellar-presets"),
    path("downloads", work_views.DownloadListView.as_view(), name="api-stellar-downloads"),
    path("downloads/<uuid:id>", work_views.DownloadView.as_view(), name="api-stellar-download"),
    path("downloads/<uuid:id>/stars", work_views.DownloadedView.as_view(), name="api-stellar-downloaded"),
    path("classifiers", classifier_views.ClassifierListView.as_view(), name="api-stellar-classifiers"),
    path("classifiers/<uuid:id>", classifier_views.ClassifierView.as_view(), name="api-stellar-classifier"),
    path("classifiers/<uuid:id>/report", classifier_views.ClassifierReportView.as_view(), name="api-stellar-scores"),
    path("classifiers/<uuid:id>/embedding", classifier_views.ClassifierEmbeddingView.as_view(), name="api-stellar-map"),
    path("classify", classifier_views.ClassifyView.as_view(), name="api-stellar-classify"),
    path("lines", star_views.FeaturesView.as_view(), name="api-stellar-lines"),
]
