"""REST endpoints, below /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.architectures.api import graph_views, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("models", views.ArchitectureListView.as_view(), name="api-models-list"),
    path("models/validate", graph_views.ValidateView.as_view(), name="api-models-validate"),
    path("models/analyze", graph_views.AnalyzeView.as_view(), name="api-models-analyze"),
    path("models/infer-shapes", graph_views.InferShapesView.as_view(), name="api-models-infer-shapes"),
    path("models/generate", graph_views.GenerateView.as_view(), name="api-models-generate"),
    path("models/operators", graph_views.OperatorsView.as_view(), name="api-models-operators"),
    path("models/templates", graph_views.TemplatesView.as_view(), name="api-models-templates"),
    path("models/<uuid:id>", views.ArchitectureView.as_view(), name="api-models-detail"),
    path("models/<uuid:id>/view", views.ArchitectureCanvasView.as_view(), name="api-models-view"),
    path("models/<uuid:id>/versions", views.VersionListView.as_view(), name="api-models-versions"),
    path("models/<uuid:id>/versions/diff", views.VersionDiffView.as_view(), name="api-models-diff"),
    path("models/<uuid:id>/versions/<int:number>", views.VersionView.as_view(), name="api-models-version"),
]
