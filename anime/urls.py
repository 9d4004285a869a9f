"""Addresses of the pages, below /anime/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "anime"
urlpatterns: list[URLPattern | URLResolver] = []
