"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """The training app."""

    name = "cvstudio.training"
    label = "training"
