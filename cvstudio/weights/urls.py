"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.weights import lineage_pages, pages

app_name = "weights"
urlpatterns: list[URLPattern | URLResolver] = [
    path("weights/", pages.library_page, name="library"),
    path("weights/upload", pages.upload_page, name="upload"),
    path("weights/seen", lineage_pages.seen_page, name="seen"),
    path("weights/<uuid:weight_id>", pages.detail_page, name="detail"),
    path("weights/<uuid:weight_id>/card", pages.card_page, name="card"),
    path("weights/<uuid:weight_id>/change", pages.change_page, name="change"),
    path("weights/<uuid:weight_id>/aliases", pages.aliases_page, name="aliases"),
    path("weights/<uuid:weight_id>/images", lineage_pages.images_page, name="images"),
    path("weights/<uuid:weight_id>/export", pages.export_page, name="export"),
    path("weights/<uuid:weight_id>/delete", pages.delete_page, name="delete"),
]
