"""Addresses of the pages, below /stellar/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from stellar import download_pages, model_urls, screening_pages, star_pages, survey_pages

app_name = "stellar"
_SURVEY = "surveys/<uuid:id>"
_STAR = "stars/<uuid:id>"
_DOWNLOAD = "downloads/<uuid:id>"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", survey_pages.list_page, name="list"),
    path("new", survey_pages.new_page, name="new"),
    path("register", survey_pages.register_page, name="register"),
    path("sample", survey_pages.sample_page, name="sample"),
    path(_SURVEY, survey_pages.survey_page, name="survey"),
    path(f"{_SURVEY}/import", survey_pages.import_page, name="import"),
    path(f"{_SURVEY}/left-out", survey_pages.left_out_page, name="left-out"),
    path(f"{_SURVEY}/do/<slug:action>", survey_pages.action_page, name="action"),
    path(f"{_SURVEY}/stars", star_pages.table_page, name="stars"),
    path(f"{_SURVEY}/screening", screening_pages.screening_page, name="screening"),
    path(f"{_SURVEY}/downloads", download_pages.downloads_page, name="downloads"),
    path(_DOWNLOAD, download_pages.download_page, name="download"),
    path(f"{_DOWNLOAD}/progress", download_pages.progress_page, name="download-progress"),
    path(f"{_DOWNLOAD}/do/<slug:action>", download_pages.action_page, name="download-action"),
    path("stars", star_pages.newest_table_page, name="any-stars"),
    path(_STAR, star_pages.star_page, name="star"),
    path(f"{_STAR}/part", star_pages.part_page, name="star-part"),
    *model_urls.patterns,
]
