"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig


class WeightsConfig(AppConfig):
    """The weights app."""

    name = "cvstudio.weights"
    label = "weights"
