"""WebSocket routes."""

from __future__ import annotations

from typing import Any

from django.urls import path

from cvstudio.monitor.consumers import SystemConsumer

websocket_urlpatterns: list[Any] = [path("api/v1/ws/system", SystemConsumer.as_asgi())]
