"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig


class MonitorConfig(AppConfig):
    """The monitor app."""

    name = "cvstudio.monitor"
    label = "monitor"
