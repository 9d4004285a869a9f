"""REST endpoints, below /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.weights.api import alias_views, compare_view, lineage_views, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("weights", views.WeightListView.as_view(), name="api-weights"),
    path("weights/tree", views.WeightTreeView.as_view(), name="api-weights-tree"),
    path("weights/upload", views.WeightUploadView.as_view(), name="api-weights-upload"),
    path("weights/seen", lineage_views.SeenView.as_view(), name="api-weights-seen"),
    path("weights/<uuid:weight_id>", views.WeightDetailView.as_view(), name="api-weight"),
    path("weights/<uuid:weight_id>/export", views.WeightExportView.as_view(), name="api-weight-export"),
    path("weights/<uuid:weight_id>/aliases", alias_views.AliasListView.as_view(), name="api-weight-aliases"),
    path("weights/<uuid:weight_id>/aliases/<str:alias>", alias_views.AliasView.as_view(), name="api-weight-alias"),
    path("weights/<uuid:weight_id>/images", lineage_views.WeightImagesView.as_view(), name="api-weight-images"),
    path("weights/<uuid:weight_id>/compare", compare_view.WeightCompareView.as_view(), name="api-weight-compare"),
    path("weights/<uuid:weight_id>/download", views.WeightDownloadView.as_view(), name="api-weight-download"),
]
