"""The section in the bar and the door on the overview."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from cvstudio.common.navigation import Link, Section, register_section
from cvstudio.common.overview import Door, Step, register_door
from hsi.models import AnomalyMap, Pipeline, Scene


def enter() -> None:
    """Register both."""
    register_section(
        Section(
            key="hsi",
            title=_("Hyperspectral"),
            url="/hsi/",
            icon="cube",
            order=20,
            domain=True,
            links=(
                Link(_("Scenes"), "/hsi/", "cube"),
                Link(_("New scene"), "/hsi/new", "upload"),
                Link(_("Find anomalies"), "/hsi/detect", "search"),
                Link(_("Train a detector"), "/hsi/pipelines", "branch"),
                Link(_("Compare maps"), "/hsi/compare", "compare"),
                Link(_("Sensors"), "/hsi/sensors", "eye"),
            ),
            summary=_("From a cube to a map of what does not belong there."),
        )
    )
    steps = (
        Step(_("Bring a scene"), "/hsi/new", "cube", _own(Scene)),
        Step(_("Find anomalies"), "/hsi/detect", "image", _own(AnomalyMap)),
        Step(_("Train a detector"), "/hsi/pipelines", "branch", _own(Pipeline)),
    )
    summary = _("Anomalies in hyperspectral scenes: classic detectors at once, a learned one from your own scenes.")
    sample = (_("Bring a sample: a simulated scene"), "/hsi/sample")
    register_door(Door("hsi", _("Hyperspectral anomalies"), summary, "cube", steps, sample, order=20))


def _own(model: Any) -> Any:
    return lambda user: model.objects.filter(owner=user).count()
