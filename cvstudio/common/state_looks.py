"""How the state of a run looks and reads: one icon, one tone and one word each, everywhere the same."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACTIVE_STATES = ("queued", "starting", "running", "pausing", "stopping")
FINAL_STATES = ("completed", "failed", "stopped")


@dataclass(frozen=True)
class StateLook:
    """The look of a state.

    Attributes:
        label: The word.
        tone: One of running, ok, warning, failed, neutral; the colour follows from it.
        icon: Name in `static/icons.svg`.
        meaning: One sentence on what this state means for the reader.
    """

    label: str | Promise
    tone: str
    icon: str
    meaning: str | Promise


STATES: dict[str, StateLook] = {
    "queued": StateLook(_("Queued"), "neutral", "clock", _("Waiting for a free worker.")),
    "starting": StateLook(_("Starting"), "running", "turning", _("A worker has taken the run and starts it.")),
    "running": StateLook(_("Running"), "running", "turning", _("The run is at work.")),
    "pausing": StateLook(_("Pausing"), "warning", "pause", _("The step is finished and saved, then the run pauses.")),
    "paused": StateLook(_("Paused"), "warning", "pause", _("Nothing is lost; the run goes on when you resume it.")),
    "stopping": StateLook(_("Stopping"), "warning", "stop", _("The step is finished and saved, then the run ends.")),
    "stopped": StateLook(_("Stopped"), "neutral", "stop", _("Ended on request.")),
    "completed": StateLook(_("Completed"), "ok", "check-circle", _("Finished as planned.")),
    "failed": StateLook(_("Failed"), "failed", "error", _("Ended by a fault.")),
    "lost": StateLook(
        _("Lost"), "warning", "unplugged", _("The worker fell silent; the run is queued again by itself.")
    ),
}

_UNKNOWN = StateLook(_("Unknown"), "neutral", "help", _("A state this page does not know."))


def look_of(state: str) -> StateLook:
    """Return the look of a state; an unknown one is shown as such instead of breaking the page."""
    return STATES.get(str(state), _UNKNOWN)
