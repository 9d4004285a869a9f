"""The section in the bar and the door on the overview."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from anime.models import Collection, Recognition, Training
from cvstudio.common.navigation import Link, Section, register_section
from cvstudio.common.overview import Door, Step, register_door


def enter() -> None:
    """Register both."""
    register_section(
        Section(
            key="anime",
            title=_("Characters"),
            url="/anime/",
            icon="face",
            order=30,
            domain=True,
            links=(
                Link(_("Collections"), "/anime/", "face"),
                Link(_("New collection"), "/anime/new", "upload"),
                Link(_("Recognise"), "/anime/recognise", "eye"),
                Link(_("Recognitions"), "/anime/recognitions", "list"),
                Link(_("Add a character"), "/anime/add", "plus"),
                Link(_("Search"), "/anime/search", "search"),
                Link(_("Train"), "/anime/train", "play"),
                Link(_("Recognisers"), "/anime/recognisers", "weight"),
                Link(_("Compare recognisers"), "/anime/compare", "compare"),
                Link(_("Generate"), "/anime/generate", "spark"),
            ),
            summary=_("From folders of images to who it is, and to new images."),
        )
    )
    steps = (
        Step(_("Bring a collection"), "/anime/new", "face", _own(Collection)),
        Step(_("Train a recogniser"), "/anime/train", "play", _own(Training)),
        Step(_("Recognise images"), "/anime/recognise", "eye", _own(Recognition)),
    )
    summary = _("Characters by their images: who is it, is it anybody known, and how to add somebody new.")
    sample = (_("Bring a sample: drawn characters"), "/anime/sample")
    register_door(Door("anime", _("Anime characters"), summary, "face", steps, sample, order=30))


def _own(model: Any) -> Any:
    return lambda user: model.objects.filter(owner=user).count()
