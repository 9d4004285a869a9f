"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.monitor import disk_pages, pages

app_name = "monitor"
urlpatterns: list[URLPattern | URLResolver] = [
    path("system/", pages.system_page, name="system"),
    path("system/disk", disk_pages.disk_page, name="disk"),
]
