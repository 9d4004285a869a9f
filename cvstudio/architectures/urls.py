"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.architectures import pages

app_name = "architectures"
urlpatterns: list[URLPattern | URLResolver] = [
    path("architectures/", pages.list_page, name="list"),
    path("architectures/new", pages.new_page, name="new"),
    path("architectures/imported/<uuid:run_id>", pages.imported_page, name="imported"),
    path("architectures/<uuid:id>", pages.editor_page, name="editor"),
    path("architectures/<uuid:id>/duplicate", pages.duplicate_page, name="duplicate"),
    path("architectures/<uuid:id>/delete", pages.delete_page, name="delete"),
]
