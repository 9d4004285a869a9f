"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig


class RunsConfig(AppConfig):
    """The runs app."""

    name = "cvstudio.runs"
    label = "runs"

    def ready(self) -> None:
        """Connect the signals of Celery workers."""
        from cvstudio.runs import signals  # noqa: F401 - connecting is what the import does
