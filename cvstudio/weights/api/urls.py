"""REST endpoints, below /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.weights.api import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("weights", views.WeightListView.as_view(), name="api-weights"),
    path("weights/tree", views.WeightTreeView.as_view(), name="api-weights-tree"),
    path("weights/upload", views.WeightUploadView.as_view(), name="api-weights-upload"),
    path("weights/<uuid:weight_id>", views.WeightDetailView.as_view(), name="api-weight"),
    path("weights/<uuid:weight_id>/export", views.WeightExportView.as_view(), name="api-weight-export"),
    path("weights/<uuid:weight_id>/download", views.WeightDownloadView.as_view(), name="api-weight-download"),
]
