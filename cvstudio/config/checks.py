"""System checks with stable ids: what makes a start unsafe, each with its cure."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

SECRET_KEY_LENGTH = 50
EXAMPLE_SECRET_KEY = "change-me-this-is-only-an-example-and-production-refuses-it"  # noqa: S105


def production_faults() -> list[CheckMessage]:
    """Reasons for which a production start is refused. Empty in development."""
    if settings.IS_DEVELOPMENT:
        return []
    faults: list[CheckMessage] = []
    key = settings.SECRET_KEY
    if key in {settings.UNSET_SECRET_KEY, EXAMPLE_SECRET_KEY} or len(key) < SECRET_KEY_LENGTH:
        faults.append(
            Error(
                f"SECRET_KEY is not set, is the example, or has fewer than {SECRET_KEY_LENGTH} characters.",
                hint="Set SECRET_KEY to a random value: python -c 'import secrets; print(secrets.token_urlsafe(64))'. "
                "For work on this machine set CVSTUDIO_ENV=dev, or run `make setup`, which does both.",
                id="cvstudio.E001",
            )
        )
    if settings.DEBUG:
        faults.append(
            Error(
                "DEBUG is on in production.",
                hint="Remove DEBUG, or set CVSTUDIO_ENV=dev on a machine that only you can reach.",
                id="cvstudio.E002",
            )
        )
    if not settings.ALLOWED_HOSTS or any(host.startswith("*") for host in settings.ALLOWED_HOSTS):
        faults.append(
            Error(
                "ALLOWED_HOSTS is empty or open to every host name.",
                hint="Set ALLOWED_HOSTS to the names people type, separated by commas: studio.example.org",
                id="cvstudio.E003",
            )
        )
    return faults


def check_production(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Registered with Django, so that every management command refuses an unsafe production start."""
    return production_faults()


def refuse_unsafe_production() -> None:
    """The same refusal for servers, which do not run system checks.

    Raises:
        ImproperlyConfigured: With every fault and its cure.
    """
    if faults := production_faults():
        raise ImproperlyConfigured("\n".join(f"{fault.id}: {fault.msg} {fault.hint}" for fault in faults))
