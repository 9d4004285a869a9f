"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig


class RunsConfig(AppConfig):
    """The runs app."""

    name = "cvstudio.runs"
    label = "runs"
