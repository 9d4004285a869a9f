"""Addresses below /api/v1/anime/. No trailing slashes."""

from __future__ import annotations

from django.urls import URLPattern, path

from anime.api import (
    character_views,
    collection_views,
    correction_views,
    enrolment_views,
    generated_views,
    model_views,
    recognition_views,
)

_COLLECTION = "collections/<uuid:id>"
_CORRECTIONS = f"{_COLLECTION}/corrections"
_RECOGNISER = "recognisers/<uuid:id>"
_RECOGNITION = "recognitions/<uuid:id>"
urlpatterns: list[URLPattern] = [
    path("collections", collection_views.CollectionListView.as_view(), name="api-anime-collections"),
    path(_COLLECTION, collection_views.CollectionView.as_view(), name="api-anime-collection"),
    path(f"{_COLLECTION}/retry", collection_views.RetryView.as_view(), name="api-anime-retry"),
    path(f"{_COLLECTION}/health", collection_views.HealthView.as_view(), name="api-anime-health"),
    path(f"{_COLLECTION}/images", correction_views.AddImagesView.as_view(), name="api-anime-add-images"),
    path(f"{_COLLECTION}/version", correction_views.RestoreView.as_view(), name="api-anime-version"),
    path(_CORRECTIONS, correction_views.CorrectionListView.as_view(), name="api-anime-corrections"),
    path(f"{_CORRECTIONS}/apply", correction_views.ApplyView.as_view(), name="api-anime-apply"),
    path(f"{_CORRECTIONS}/undo", correction_views.UndoView.as_view(), name="api-anime-undo"),
    path("characters", character_views.CharacterListView.as_view(), name="api-anime-characters"),
    path("characters/<uuid:id>", character_views.CharacterView.as_view(), name="api-anime-character"),
    path("images", character_views.ImageListView.as_view(), name="api-anime-images"),
    path("images/<uuid:id>", character_views.ImageView.as_view(), name="api-anime-image"),
    path("recognise", recognition_views.RecogniseView.as_view(), name="api-anime-recognise"),
    path("recognitions", recognition_views.RecognitionListView.as_view(), name="api-anime-recognitions"),
    path(_RECOGNITION, recognition_views.RecognitionView.as_view(), name="api-anime-recognition"),
    path(f"{_RECOGNITION}/correct", recognition_views.CorrectRecognitionView.as_view(), name="api-anime-correct"),
    path(f"{_RECOGNITION}/image", recognition_views.RecognitionImageView.as_view(), name="api-anime-recognition-image"),
    path(
        f"{_RECOGNITION}/square", recognition_views.RecognitionSquareView.as_view(), name="api-anime-recognition-square"
    ),
    path(f"{_RECOGNITION}/map", recognition_views.RecognitionMapView.as_view(), name="api-anime-recognition-map"),
    path("search", recognition_views.SearchView.as_view(), name="api-anime-search"),
    path("recognisers", model_views.RecogniserListView.as_view(), name="api-anime-recognisers"),
    path(_RECOGNISER, model_views.RecogniserView.as_view(), name="api-anime-recogniser"),
    path(f"{_RECOGNISER}/report", model_views.RecogniserReportView.as_view(), name="api-anime-recogniser-report"),
    path(f"{_RECOGNISER}/activation", model_views.ActivationView.as_view(), name="api-anime-activation"),
    path(f"{_RECOGNISER}/enrol", enrolment_views.EnrolView.as_view(), name="api-anime-enrol"),
    path(f"{_RECOGNISER}/remove", enrolment_views.RemoveView.as_view(), name="api-anime-remove"),
    path(f"{_RECOGNISER}/use", enrolment_views.UseView.as_view(), name="api-anime-use"),
    path("enrolments", enrolment_views.EnrolmentListView.as_view(), name="api-anime-enrolments"),
    path("enrolments/<uuid:id>", enrolment_views.EnrolmentView.as_view(), name="api-anime-enrolment"),
    path("trainings", model_views.TrainingListView.as_view(), name="api-anime-trainings"),
    path("trainings/<uuid:id>", model_views.TrainingView.as_view(), name="api-anime-training"),
    path("compare", model_views.CompareView.as_view(), name="api-anime-compare"),
    path("generators", model_views.GeneratorListView.as_view(), name="api-anime-generators"),
    path("generators/<uuid:id>", model_views.GeneratorView.as_view(), name="api-anime-generator"),
    path("generators/<uuid:id>/report", model_views.GeneratorReportView.as_view(), name="api-anime-generator-report"),
    path("generate", generated_views.GenerateView.as_view(), name="api-anime-generate"),
    path("generated", generated_views.GeneratedListView.as_view(), name="api-anime-generated"),
    path("generated/<uuid:id>", generated_views.GeneratedView.as_view(), name="api-anime-generated-one"),
    path("generated/<uuid:id>/image", generated_views.GeneratedImageView.as_view(), name="api-anime-generated-image"),
]
