"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DatasetsConfig(AppConfig):
    """The datasets app."""

    name = "cvstudio.datasets"
    label = "datasets"
    verbose_name = _("Data sets")

    def ready(self) -> None:
        """Follow the ends of imports; take a place in the top bar and in the search box."""
        from cvstudio.common.navigation import Link, Section, register_section
        from cvstudio.common.search import register_source
        from cvstudio.datasets import hooks, viewers  # noqa: F401 - connecting is what the import does
        from cvstudio.datasets.search import SOURCE

        register_section(
            Section(
                key="datasets",
                title=_("Data sets"),
                url="/datasets/",
                icon="dataset",
                order=10,
                links=(
                    Link(_("All data sets"), "/datasets/", "grid"),
                    Link(_("New data set"), "/datasets/new", "plus"),
                    Link(_("Augmentations"), "/datasets/augmentations", "settings"),
                ),
                summary=_("Bring folders of images, look at them, and know what is in them."),
            )
        )
        register_source(SOURCE)
        viewers.register()
