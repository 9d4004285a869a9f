"""What the pages show of downloads: forms, what came of each star, and where everything came from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cvstudio.common.schema_form import SchemaForm, build_form
from ml_core.run.config import find_faults
from stellar.models import Download, Star, Survey
from stellar.presentation import is_working
from stellar.services.start_download import ADDRESSES, CONFIGS, OF_THE_APP

PREFIX: Final = "settings"
KINDS: Final[dict[str, str | Promise]] = {
    "images": gettext_lazy("Images from J-PLUS"),
    "spectra": gettext_lazy("Spectra from SDSS"),
}
#: What can come of a star: title, what it means, tone, icon. That a service has nothing there is no error.
OUTCOMES: Final[dict[str, tuple[str | Promise, str | Promise, str, str]]] = {
    "done": (gettext_lazy("fetched"), gettext_lazy("The file is filed under its class."), "ok", "check"),
    "present": (gettext_lazy("there already"), gettext_lazy("The survey had it before."), "", "disk"),
    "no_coverage": (
        gettext_lazy("not covered"),
        gettext_lazy("The service answered: it has nothing at this place. Not an error."), "", "minus",
    ),
    "no_position": (gettext_lazy("no position"), gettext_lazy("The catalogue does not say where to look."), "", "help"),
    "error": (
        gettext_lazy("error"), gettext_lazy("Nothing is known of this star yet. Start again to ask again."),
        "failed", "error",
    ),
    "open": (gettext_lazy("not asked yet"), gettext_lazy("The run ended before its turn."), "", "clock"),
}  # fmt: skip


def missing_files(survey: Survey) -> dict[str, int]:
    """Stars without an image and without a spectrum, and those without a position (1 query)."""
    rows = Star.objects.filter(survey=survey)
    return rows.aggregate(
        images=Count("id", filter=Q(image_file="")), spectra=Count("id", filter=Q(spectrum_file="")),
        no_position=Count("id", filter=Q(ra=None)),
    )  # fmt: skip


def settings_form(kind: str, *, is_staff: bool, values: dict[str, Any] | None = None) -> SchemaForm:
    """The form of a download; what decides where a worker connects to is an administrator's to change.

    Args:
        kind: ``images`` or ``spectra``.
        is_staff: Whether the person is an administrator.
        values: Typed before; their faults stand beside the fields.
    """
    config = CONFIGS[kind]
    hidden = OF_THE_APP if is_staff else (*OF_THE_APP, *ADDRESSES)
    faults = None
    if values is not None:
        faults = [fault for fault in find_faults(config, {**values, "survey": "-"}) if fault.key not in OF_THE_APP]
    return build_form(config.model_json_schema(), values, faults, prefix=PREFIX, leave_out=hidden)


def changed_settings(kind: str, posted: Any, *, is_staff: bool) -> dict[str, Any]:
    """What a person set otherwise than the recipe does by itself."""
    form = settings_form(kind, is_staff=is_staff)
    fields = CONFIGS[kind].model_fields
    return {key: value for key, value in form.values(posted).items() if value != fields[key].default}


def download_rows(downloads: Iterable[Download]) -> list[dict[str, Any]]:
    """Downloads with their outcomes."""
    return [
        {
            "download": one, "title": str(KINDS.get(one.kind, one.kind)), "working": is_working(one.run),
            "outcomes": outcomes_of(one), "settings": one.settings,
        }
        for one in downloads
    ]  # fmt: skip


def outcomes_of(download: Download) -> list[dict[str, Any]]:
    """Stars by what came of them, in a fixed order; only what there is."""
    return [
        {
            "key": key,
            "count": download.counts[key],
            "title": str(title),
            "meaning": str(meaning),
            "tone": tone,
            "icon": icon,
        }
        for key, (title, meaning, tone, icon) in OUTCOMES.items()
        if download.counts.get(key)
    ]


def outcome_words() -> dict[str, dict[str, str]]:
    """For the script that lists stars: what each outcome is called and how it looks."""
    return {
        key: {"title": str(title), "tone": tone, "icon": icon}
        for key, (title, _meaning, tone, icon) in OUTCOMES.items()
    }  # fmt: skip


def provenance_rows(download: Download) -> list[dict[str, Any]]:
    """Label and value of where the files of a download come from."""
    config = download.run.config if download.run else {}
    chosen = CONFIGS[download.kind].model_construct(**config)
    address = getattr(chosen, "address", "") or getattr(chosen, "base", "")
    facts = [
        (_("Service"), address),
        (_("Protocol"), {"sia1": "SIA 1", "sia2": "SIA 2"}.get(str(getattr(chosen, "protocol", "")), "")),
        (_("Pixel scale"), f"{chosen.pixel_scale}″" if hasattr(chosen, "pixel_scale") else ""),
        (_("Highest rate"), _("%(rate)s requests a second") % {"rate": f"{chosen.requests_per_second:g}"}),
    ]
    return [{"label": label, "value": value} for label, value in facts if value]
