"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.training import pages

app_name = "training"
urlpatterns: list[URLPattern | URLResolver] = [
    path("runs/new", pages.new_page, name="new"),
    path("runs/new/check", pages.check_page, name="check"),
]
