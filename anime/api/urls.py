"""Addresses below /api/v1/anime/. No trailing slashes."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
