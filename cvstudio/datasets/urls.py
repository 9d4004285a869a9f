"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.datasets import detail_pages, export_pages, health_pages, image_pages, pages

app_name = "datasets"
_ONE = "datasets/<uuid:id>"
urlpatterns: list[URLPattern | URLResolver] = [
    path("datasets/", pages.list_page, name="list"),
    path("datasets/new", pages.new_page, name="new"),
    path("datasets/folders", pages.folders_page, name="folders"),
    path("datasets/register", pages.register_page, name="register"),
    path("datasets/sample", pages.sample_page, name="sample"),
    path("datasets/augmentations", pages.augmentations_page, name="augmentations"),
    path("datasets/augmentations/<uuid:id>/delete", pages.delete_augmentation_page, name="delete-augmentation"),
    path(_ONE, detail_pages.overview_page, name="detail"),
    path(f"{_ONE}/import", detail_pages.import_page, name="import"),
    path(f"{_ONE}/images", image_pages.images_page, name="images"),
    path(f"{_ONE}/images/<uuid:image_id>", image_pages.image_page, name="image"),
    path(f"{_ONE}/find-image", image_pages.find_image_page, name="find-image"),
    path(f"{_ONE}/statistics", detail_pages.statistics_page, name="statistics"),
    path(f"{_ONE}/health", health_pages.health_page, name="health"),
    path(f"{_ONE}/doubts", health_pages.doubts_page, name="doubts"),
    path(f"{_ONE}/exports", export_pages.exports_page, name="exports"),
    path(f"{_ONE}/export-list", export_pages.export_list_page, name="export-list"),
    path(f"{_ONE}/difference", health_pages.difference_page, name="difference"),
    path(f"{_ONE}/measuring", detail_pages.measuring_page, name="measuring"),
    path(f"{_ONE}/augmentation", detail_pages.augmentation_page, name="augmentation"),
    path(f"{_ONE}/versions", detail_pages.versions_page, name="versions"),
    path(f"{_ONE}/do/<slug:action>", detail_pages.action_page, name="action"),
]
