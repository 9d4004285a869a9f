"""Addresses of the pages, below /stellar/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "stellar"
urlpatterns: list[URLPattern | URLResolver] = []
