"""What every template may use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from cvstudio import __version__


def studio(request: HttpRequest) -> dict[str, Any]:
    """The version, whether accounts may be registered, and which domains are installed."""
    return {
        "studio_version": __version__,
        "registration_open": settings.REGISTRATION_OPEN,
        "studio_domains": settings.DOMAIN_APPS,
    }
