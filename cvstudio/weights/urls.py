"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.weights import compare_pages, lineage_pages, pages

app_name = "weights"
urlpatterns: list[URLPattern | URLResolver] = [
    path("weights/", pages.library_page, name="library"),
    path("weights/upload", pages.upload_page, name="upload"),
    path("weights/seen", lineage_pages.seen_page, name="seen"),
    path("weights/compare", compare_pages.compare_page, name="compare"),
    path("weights/comparisons/<uuid:run_id>", compare_pages.comparison_page, name="comparison"),
    path("weights/<uuid:weight_id>", pages.detail_page, name="detail"),
    path("weights/<uuid:weight_id>/card", pages.card_page, name="card"),
    path("weights/<uuid:weight_id>/change", pages.change_page, name="change"),
    path("weights/<uuid:weight_id>/aliases", pages.aliases_page, name="aliases"),
    path("weights/<uuid:weight_id>/images", lineage_pages.images_page, name="images"),
    path("weights/<uuid:weight_id>/export", pages.export_page, name="export"),
    path("weights/<uuid:weight_id>/delete", pages.delete_page, name="delete"),
]
