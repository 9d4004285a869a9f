"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InferenceConfig(AppConfig):
    """The inference app."""

    name = "cvstudio.inference"
    label = "inference"
    verbose_name = _("Inference")

    def ready(self) -> None:
        """Register hooks, what stands on weights, and the section in the bar."""
        from cvstudio.common.navigation import Link, Section, register_section
        from cvstudio.inference import dependants
        from cvstudio.inference.models import InferenceJob
        from cvstudio.inference.services.create_batch import RECIPES
        from cvstudio.inference.services.forget_archive import forget_archive
        from cvstudio.runs.hooks import on_completed
        from cvstudio.runs.viewers import register_viewer, rows_of
        from cvstudio.weights.uses import register_use

        for task, recipe in RECIPES.items():
            on_completed(recipe)(forget_archive)
            register_use(task, "/inference/?weight=")
        dependants.register()
        batch = rows_of(InferenceJob, "run", _("Answers"), "inference", lambda row: f"/inference/jobs/{row.id}")
        register_viewer("vision.predict", batch)
        register_section(
            Section(
                key="inference",
                title=_("Inference"),
                url="/inference/",
                icon="inference",
                order=50,
                links=(
                    Link(_("Single image"), "/inference/", "image"),
                    Link(_("Many images"), "/inference/batch", "grid"),
                    Link(_("Jobs"), "/inference/jobs", "list"),
                ),
                summary=_("Drop an image, or predict a whole folder."),
            )
        )
