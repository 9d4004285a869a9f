"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig


class RunsConfig(AppConfig):
    """The runs app."""

    name = "cvstudio.runs"
    label = "runs"

    def ready(self) -> None:
        """Connect the signals of Celery workers, enter the section, let runs be found by name."""
        from cvstudio.runs import signals  # noqa: F401 - connecting is what the import does
        from cvstudio.runs.section import enter

        enter()
