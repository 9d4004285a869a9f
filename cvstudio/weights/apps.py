"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WeightsConfig(AppConfig):
    """The weights app."""

    name = "cvstudio.weights"
    label = "weights"
    verbose_name = _("Weights")

    def ready(self) -> None:
        """Record the weights of completed runs; put the section into the bar."""
        from cvstudio.common.navigation import Link, Section, register_section
        from cvstudio.weights import alias_dependants, search, signals, viewers  # noqa: F401 - connecting is what the import does

        register_section(
            Section(
                key="weights",
                title=_("Weights"),
                url="/weights/",
                icon="weight",
                order=40,
                links=(
                    Link(_("Library"), "/weights/", "weight"),
                    Link(_("Upload"), "/weights/upload", "upload"),
                    Link(_("Compare"), "/weights/compare", "compare"),
                    Link(_("Who saw an image"), "/weights/seen", "search"),
                ),
                summary=_("Trained models with their versions, facts and history."),
            )
        )
        search.register()
        alias_dependants.register()
        viewers.register()
