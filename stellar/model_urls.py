"""Addresses of the pages about classifiers and their answers, below /stellar/."""

from __future__ import annotations

from django.urls import URLPattern, path

from stellar import (
    classifier_pages,
    classify_pages,
    compare_pages,
    embedding_pages,
    export_pages,
    prediction_pages,
    train_pages,
)

_CLASSIFIER = "classifiers/<uuid:id>"
_PREDICTION = "predictions/<uuid:id>"
_SURVEY = "surveys/<uuid:id>"
patterns: list[URLPattern] = [
    path("classify", classify_pages.classify_page, name="classify"),
    path("train", train_pages.train_page, name="train"),
    path("train/estimate", train_pages.estimate_page, name="train-estimate"),
    path("trainings", train_pages.trainings_page, name="trainings"),
    path("trainings/<uuid:id>/do/<slug:action>", train_pages.action_page, name="training-action"),
    path("classifiers", classifier_pages.list_page, name="classifiers"),
    path(_CLASSIFIER, classifier_pages.classifier_page, name="classifier"),
    path(f"{_CLASSIFIER}/stars", classifier_pages.stars_page, name="classifier-stars"),
    path(f"{_CLASSIFIER}/map", embedding_pages.classifier_map_page, name="classifier-map"),
    path("predict", prediction_pages.start_page, name="classify-survey"),
    path(f"{_SURVEY}/predictions", prediction_pages.list_page, name="predictions"),
    path(f"{_SURVEY}/map", embedding_pages.survey_map_page, name="embedding"),
    path(_PREDICTION, prediction_pages.prediction_page, name="prediction"),
    path(f"{_PREDICTION}/progress", prediction_pages.progress_page, name="prediction-progress"),
    path(f"{_PREDICTION}/do/<slug:action>", prediction_pages.action_page, name="prediction-action"),
    path("compare", compare_pages.compare_page, name="compare"),
    path("export", export_pages.export_page, name="export"),
]
