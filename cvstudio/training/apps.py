"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """The training app."""

    name = "cvstudio.training"
    label = "training"

    def ready(self) -> None:
        """Open the door on the overview."""
        from cvstudio.training.section import enter

        enter()
