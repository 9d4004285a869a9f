"""Addresses of the pages, below /anime/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from anime import character_pages, collection_pages, enrol_pages, list_pages, model_urls, recognise_pages

app_name = "anime"
_COLLECTION = "collections/<uuid:id>"
_CHARACTER = "characters/<uuid:id>"
_RECOGNITION = "recognitions/<uuid:id>"
_ENROLMENT = "enrolments/<uuid:id>"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", list_pages.list_page, name="list"),
    path("new", list_pages.new_page, name="new"),
    path("register", list_pages.register_page, name="register"),
    path("use", list_pages.use_page, name="use"),
    path("sample", list_pages.sample_page, name="sample"),
    path(_COLLECTION, collection_pages.collection_page, name="collection"),
    path(f"{_COLLECTION}/import", collection_pages.import_page, name="collection-import"),
    path(f"{_COLLECTION}/health", collection_pages.health_page, name="collection-health"),
    path(f"{_COLLECTION}/images", collection_pages.images_page, name="collection-images"),
    path(f"{_COLLECTION}/changes", collection_pages.changes_page, name="collection-changes"),
    path(f"{_COLLECTION}/waiting", collection_pages.waiting_page, name="collection-waiting"),
    path(f"{_COLLECTION}/do/<slug:action>", collection_pages.action_page, name="collection-action"),
    path(_CHARACTER, character_pages.character_page, name="character"),
    path(f"{_CHARACTER}/describe", character_pages.describe_page, name="character-describe"),
    path(f"{_CHARACTER}/teach", enrol_pages.teach_page, name="character-teach"),
    path("recognise", recognise_pages.recognise_page, name="recognise"),
    path("recognitions", recognise_pages.recognitions_page, name="recognitions"),
    path(_RECOGNITION, recognise_pages.recognition_page, name="recognition"),
    path(f"{_RECOGNITION}/correct", recognise_pages.correct_page, name="recognition-correct"),
    path(f"{_RECOGNITION}/delete", recognise_pages.delete_page, name="recognition-delete"),
    path("add", enrol_pages.add_page, name="add"),
    path("remove", enrol_pages.remove_page, name="remove"),
    path(_ENROLMENT, enrol_pages.enrolment_page, name="enrolment"),
    path(f"{_ENROLMENT}/progress", enrol_pages.progress_page, name="enrolment-progress"),
    path(f"{_ENROLMENT}/do/<slug:action>", enrol_pages.action_page, name="enrolment-action"),
    *model_urls.patterns,
]
