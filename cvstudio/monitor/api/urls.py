"""REST endpoints, below /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cvstudio.monitor.api.disk_view import DiskView

urlpatterns: list[URLPattern | URLResolver] = [path("system/disk", DiskView.as_view(), name="api-disk")]
