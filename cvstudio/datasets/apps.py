"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    """The datasets app."""

    name = "cvstudio.datasets"
    label = "datasets"
