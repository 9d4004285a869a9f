"""The section in the bar and the door on the overview."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from cvstudio.common.navigation import Link, Section, register_section
from cvstudio.common.overview import Door, Step, register_door
from stellar.models import Prediction, Survey, Training


def enter() -> None:
    """Register both."""
    register_section(
        Section(
            key="stellar",
            title=_("Stars"),
            url="/stellar/",
            icon="image",
            order=30,
            domain=True,
            links=(Link(_("Surveys"), "/stellar/", "image"),),
            summary=_("From a catalogue to classes one can defend."),
        )
    )
    steps = (
        Step(_("Bring a survey"), "/stellar/new", "image", _own(Survey)),
        Step(_("Train a classifier"), "/stellar/train", "branch", _own(Training)),
        Step(_("Classify stars"), "/stellar/", "search", _own(Prediction)),
    )
    summary = _("M stars from spectrum and picture: M0 to M4, with what each answer rests on.")
    sample = (_("Bring a sample: a simulated survey"), "/stellar/sample")
    register_door(Door("stellar", _("M stars"), summary, "image", steps, sample, order=30))


def _own(model: Any) -> Any:
    return lambda user: model.objects.filter(owner=user).count()
