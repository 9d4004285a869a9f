"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig


class InferenceConfig(AppConfig):
    """The inference app."""

    name = "cvstudio.inference"
    label = "inference"
