"""REST endpoints, below /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.inference.api import answer_views, batch_view, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("inference/predict", views.PredictView.as_view(), name="api-predict"),
    path("inference/predict-image", views.PredictImageView.as_view(), name="api-predict-image"),
    path("inference/batch", batch_view.BatchView.as_view(), name="api-predict-batch"),
    path("inference/jobs", views.JobListView.as_view(), name="api-inference-jobs"),
    path("inference/jobs/<uuid:job_id>", views.JobDetailView.as_view(), name="api-inference-job"),
    path("inference/jobs/<uuid:job_id>/draft-labels", views.DraftLabelsView.as_view(), name="api-inference-drafts"),
    path("inference/jobs/<uuid:job_id>/results", views.JobResultsView.as_view(), name="api-inference-results"),
    path("inference/jobs/<uuid:job_id>/answers", answer_views.AnswersView.as_view(), name="api-inference-answers"),
    path(
        "inference/jobs/<uuid:job_id>/answers/<int:number>/picture",
        answer_views.AnswerPictureView.as_view(),
        name="api-inference-picture",
    ),
    path("inference/jobs/<uuid:job_id>/pictures", views.JobPicturesView.as_view(), name="api-inference-draw"),
    path("inference/jobs/<uuid:job_id>/timeline", answer_views.TimelineView.as_view(), name="api-inference-timeline"),
    path(
        "inference/jobs/<uuid:job_id>/videos/<int:position>",
        answer_views.VideoView.as_view(),
        name="api-inference-video",
    ),
]
