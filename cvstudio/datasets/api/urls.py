"""REST endpoints, below /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.datasets.api import augmentation_views, label_views, version_views, views

_ONE = "datasets/<uuid:id>"
_IMAGE = f"{_ONE}/images/<uuid:image_id>"
_VERSION = f"{_ONE}/versions/<int:number>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("datasets", views.DatasetListView.as_view(), name="api-datasets-list"),
    path("datasets/upload", views.UploadView.as_view(), name="api-datasets-upload"),
    path("datasets/folders", views.FolderView.as_view(), name="api-datasets-folders"),
    path(_ONE, views.DatasetView.as_view(), name="api-datasets-detail"),
    path(f"{_ONE}/images", version_views.ImageListView.as_view(), name="api-datasets-images"),
    path(_IMAGE, version_views.ImageView.as_view(), name="api-datasets-image"),
    path(f"{_IMAGE}/annotations", label_views.AnnotationsView.as_view(), name="api-datasets-annotations"),
    path(f"{_IMAGE}/thumbnail", version_views.ThumbnailView.as_view(), name="api-datasets-thumbnail"),
    path(f"{_IMAGE}/file", version_views.ImageFileView.as_view(), name="api-datasets-file"),
    path(f"{_ONE}/augment", views.AugmentView.as_view(), name="api-datasets-augment"),
    path(f"{_ONE}/detailed-stats", views.StatisticsView.as_view(), name="api-datasets-statistics"),
    path(f"{_ONE}/versions", version_views.VersionListView.as_view(), name="api-datasets-versions"),
    path(_VERSION, version_views.VersionView.as_view(), name="api-datasets-version"),
    path(f"{_VERSION}/revisions", label_views.RevisionView.as_view(), name="api-datasets-revisions"),
    path(f"{_VERSION}/doubts", label_views.DoubtsView.as_view(), name="api-datasets-doubts"),
    path(f"{_VERSION}/exports", label_views.ExportListView.as_view(), name="api-datasets-exports"),
    path(f"{_VERSION}/current", version_views.CurrentView.as_view(), name="api-datasets-current"),
    path(f"{_VERSION}/difference", label_views.DifferenceView.as_view(), name="api-datasets-difference"),
    path(f"{_VERSION}/retry", version_views.RetryView.as_view(), name="api-datasets-retry"),
    path(f"{_VERSION}/rejects", version_views.RejectsView.as_view(), name="api-datasets-rejects"),
    path("augmentations", augmentation_views.AugmentationListView.as_view(), name="api-augmentations-list"),
    path("augmentations/operations", augmentation_views.OperationsView.as_view(), name="api-augmentations-operations"),
    path("augmentations/<uuid:id>", augmentation_views.AugmentationView.as_view(), name="api-augmentations-detail"),
]
