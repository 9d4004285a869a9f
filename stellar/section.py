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
            icon="star",
            order=10,
            domain=True,
            links=(
                Link(_("Surveys"), "/stellar/", "star"),
                Link(_("Stars"), "/stellar/stars", "table"),
                Link(_("New survey"), "/stellar/new", "upload"),
                Link(_("Classify files"), "/stellar/classify", "spark"),
                Link(_("Train a classifier"), "/stellar/train", "play"),
                Link(_("Classifiers"), "/stellar/classifiers", "weight"),
                Link(_("Compare classifiers"), "/stellar/compare", "compare"),
            ),
            summary=_("From a catalogue to classes one can defend."),
        )
    )
    steps = (
        Step(_("Bring a survey"), "/stellar/new", "star", _own(Survey)),
        Step(_("Train a classifier"), "/stellar/train", "play", _own(Training)),
        Step(_("Classify stars"), "/stellar/classify", "spark", _own(Prediction)),
    )
    summary = _("M stars from spectrum and image: M0 to M4, with what each answer rests on.")
    sample = (_("Bring a sample: a simulated survey"), "/stellar/sample")
    register_door(Door("stellar", _("M stars"), summary, "star", steps, sample, order=10))


def _own(model: Any) -> Any:
    return lambda user: model.objects.filter(owner=user).count()
