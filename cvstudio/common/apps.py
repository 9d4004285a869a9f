"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register


class CommonConfig(AppConfig):
    """What every app shares."""

    name = "cvstudio.common"
    label = "common"

    def ready(self) -> None:
        """Register the system checks of the project."""
        from cvstudio.config.checks import check_production

        register(check_production)
