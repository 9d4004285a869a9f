"""REST endpoints, below /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.training.api import file_views, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("training", views.TrainingListView.as_view(), name="api-training-list"),
    path("training/preflight", views.PreflightView.as_view(), name="api-training-preflight"),
    path("training/compare", views.CompareView.as_view(), name="api-training-compare"),
    path("training/<uuid:id>", views.TrainingView.as_view(), name="api-training-detail"),
    path("training/<uuid:id>/control", views.ControlView.as_view(), name="api-training-control"),
    path("training/<uuid:id>/clone", views.CloneView.as_view(), name="api-training-clone"),
    path("training/<uuid:id>/repeat", views.RepeatView.as_view(), name="api-training-repeat"),
    path("training/<uuid:id>/search", views.SearchView.as_view(), name="api-training-search"),
    path("training/<uuid:id>/metrics", file_views.MetricsView.as_view(), name="api-training-metrics"),
    path("training/<uuid:id>/logs", file_views.LogsView.as_view(), name="api-training-logs"),
    path("training/<uuid:id>/checkpoint", views.CheckpointRequestView.as_view(), name="api-training-checkpoint"),
    path("training/<uuid:id>/checkpoints", file_views.CheckpointListView.as_view(), name="api-training-checkpoints"),
    path(
        "training/<uuid:id>/checkpoints/<uuid:file_id>/download",
        file_views.CheckpointFileView.as_view(),
        name="api-training-checkpoint-download",
    ),
    path("training/<uuid:id>/artifacts", file_views.ArtifactListView.as_view(), name="api-training-artifacts"),
    path(
        "training/<uuid:id>/artifacts/<uuid:file_id>/download",
        file_views.ArtifactFileView.as_view(),
        name="api-training-artifact-download",
    ),
]
