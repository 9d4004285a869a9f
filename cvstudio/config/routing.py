"""WebSocket routes of all apps. Paths are complete: /api/v1/ws/..."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from django.conf import settings
from django.urls import re_path

from cvstudio.common.sockets import no_such_socket
from cvstudio.monitor.routing import websocket_urlpatterns as monitor
from cvstudio.runs.routing import websocket_urlpatterns as runs

websocket_urlpatterns: list[Any] = [*runs, *monitor]
for _domain in settings.DOMAIN_APPS:
    if importlib.util.find_spec(f"{_domain}.routing"):
        websocket_urlpatterns += importlib.import_module(f"{_domain}.routing").websocket_urlpatterns
websocket_urlpatterns.append(re_path(r"", no_such_socket))  # type: ignore[arg-type]
