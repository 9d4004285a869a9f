"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig


class LauncherConfig(AppConfig):
    """The launcher app."""

    name = "cvstudio.launcher"
    label = "launcher"
