"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ArchitecturesConfig(AppConfig):
    """The architectures app."""

    name = "cvstudio.architectures"
    label = "architectures"
    verbose_name = _("Architectures")

    def ready(self) -> None:
        """Take a place in the top bar and in the search box."""
        from cvstudio.architectures.search import SOURCE
        from cvstudio.architectures.services import import_network  # noqa: F401 - listens to the runs that it starts
        from cvstudio.common.navigation import Link, Section, register_section
        from cvstudio.common.search import register_source

        register_section(
            Section(
                key="architectures",
                title=_("Architectures"),
                url="/architectures/",
                icon="graph",
                order=20,
                links=(
                    Link(_("All architectures"), "/architectures/", "grid"),
                    Link(_("New architecture"), "/architectures/new", "plus"),
                ),
                summary=_("Draw a network, see its shapes and cost, take its code."),
            )
        )
        register_source(SOURCE)
