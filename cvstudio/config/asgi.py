"""The ASGI application: HTTP to Django, WebSockets to consumers behind an origin check and a login."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cvstudio.config.settings")

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

http = get_asgi_application()  # loads the apps; what follows imports models

from cvstudio.common.sockets import guarded
from cvstudio.config.checks import refuse_unsafe_production
from cvstudio.config.routing import websocket_urlpatterns

refuse_unsafe_production()

application = ProtocolTypeRouter({"http": http, "websocket": guarded(URLRouter(websocket_urlpatterns))})
