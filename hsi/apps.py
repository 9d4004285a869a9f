"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HsiConfig(AppConfig):
    """Hyperspectral anomaly detection."""

    name = "hsi"
    label = "hsi"
    verbose_name = _("Hyperspectral")

    def ready(self) -> None:
        """Follow the ends of runs; take a place in the bar, in the search box and on the overview."""
        from hsi import dependants, hooks, places, search, section  # noqa: F401 - connecting is what importing hooks does

        dependants.register()
        section.enter()
        search.register()
        places.register()
