"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig


class ArchitecturesConfig(AppConfig):
    """The architectures app."""

    name = "cvstudio.architectures"
    label = "architectures"
