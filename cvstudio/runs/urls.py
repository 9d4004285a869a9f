"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.runs import detail_pages, overview, pages, search_pages

app_name = "runs"
urlpatterns: list[URLPattern | URLResolver] = [
    path("runs/", pages.list_page, name="list"),
    path("runs/rows", pages.rows_page, name="rows"),
    path("runs/export.csv", pages.export_page, name="export"),
    path("runs/compare", pages.compare_page, name="compare"),
    path("runs/overview", overview.overview_part, name="overview"),
    path("runs/in-flight", pages.in_flight_page, name="in-flight"),
    path("runs/<uuid:run_id>", detail_pages.detail_page, name="detail"),
    path("runs/<uuid:run_id>/head", detail_pages.head_page, name="head"),
    path("runs/<uuid:run_id>/resources.json", detail_pages.resources_page, name="resources"),
    path("runs/<uuid:run_id>/control", detail_pages.control_page, name="control"),
    path("runs/<uuid:run_id>/notes", detail_pages.notes_page, name="notes"),
    path("runs/<uuid:run_id>/repeat", detail_pages.repeat_page, name="repeat"),
    path("runs/<uuid:run_id>/search", search_pages.search_page, name="search"),
    path("runs/<uuid:run_id>/delete", detail_pages.delete_page, name="delete"),
    path("runs/<uuid:run_id>/<slug:tab>", detail_pages.tab_page, name="tab"),
]
