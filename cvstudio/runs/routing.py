"""WebSocket routes."""

from __future__ import annotations

from django.urls import URLPattern, path

from cvstudio.runs.consumers import RunConsumer

websocket_urlpatterns: list[URLPattern] = [
    path("api/v1/ws/training/<uuid:run_id>", RunConsumer.as_asgi()),  # type: ignore[arg-type]
]
