"""What the pages show of surveys, made from rows: cards, tabs, reasons, bars."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, Final

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cvstudio.common.quantities import scaled_bytes
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.states import ACTIVE
from ml_core.stellar.spectra.subclass import CLASSES
from stellar.models import Star, Survey
from stellar.star_query import complete_stars

WORKING = frozenset({RunState.QUEUED, *ACTIVE})
FLAGS: Final[dict[str, str | Promise]] = {
    "several_sources": gettext_lazy("several sources"),
    "off_centre": gettext_lazy("off-centre"),
    "noisy": gettext_lazy("noisy"),
    "saturated": gettext_lazy("saturated"),
    "cut_off": gettext_lazy("cut off"),
}
#: Why a star does not train on both modalities, and the stars for which it is so.
REASONS: Final[dict[str, tuple[str | Promise, Q]]] = {
    "class": (gettext_lazy("The class is none of M0 to M4."), Q(label__lt=0)),
    "spectrum": (gettext_lazy("The spectrum is missing."), Q(spectrum_file="", fault="")),
    "image": (gettext_lazy("The image is missing."), Q(image_file="", fault="")),
    "fault": (gettext_lazy("A file is there but cannot be used."), ~Q(fault="")),
    "rejected": (gettext_lazy("The image was rejected in the screening."), Q(screening=Star.Screening.REJECTED)),
}
_PICTURES_A_CARD: Final = 6
_LOOKED_AT: Final = 40
_SUBCLASSES_SHOWN: Final = 12


def is_working(run: Run | None) -> bool:
    """Whether a run waits or goes on."""
    return run is not None and run.state in WORKING


def flag_words(flag: str) -> str:
    """What a flag of the screening is called."""
    return str(FLAGS.get(flag, flag.replace("_", " ")))


def survey_cards(surveys: Iterable[Survey]) -> list[dict[str, Any]]:
    """Surveys with ids of the first stars that have a picture (1 query)."""
    rows = list(surveys)
    pictures: dict[Any, list[Any]] = defaultdict(list)
    near = Star.objects.filter(survey__in=rows, position__lt=_LOOKED_AT).exclude(image_file="").order_by("position")
    for survey_id, star_id in near.values_list("survey_id", "id"):
        if len(pictures[survey_id]) < _PICTURES_A_CARD:
            pictures[survey_id].append(star_id)
    return [{"survey": survey, "pictures": pictures[survey.id]} for survey in rows]


def survey_tabs(survey: Survey) -> list[dict[str, Any]]:
    """Pages of one survey."""
    tabs = (
        ("report", "survey", _("Report"), "info", None),
        ("stars", "stars", _("Stars"), "table", survey.stars),
        ("screening", "screening", _("Screening"), "eye", None),
        ("downloads", "downloads", _("Downloads"), "download", None),
        ("predictions", "predictions", _("Predictions"), "spark", None),
        ("map", "embedding", _("Map of the stars"), "chart", None),
    )
    return [
        {"key": key, "url": reverse(f"stellar:{name}", args=[survey.id]), "title": title, "icon": icon, "count": count}
        for key, name, title, icon, count in tabs
    ]  # fmt: skip


def survey_facts(survey: Survey) -> list[dict[str, Any]]:
    """Label and value of what else is known."""
    facts = [
        (_("Source"), survey.get_source_display()),
        (_("Folder"), survey.origin),
        (_("On the disk"), scaled_bytes(survey.size_bytes)),
    ]
    return [{"label": label, "value": value} for label, value in facts if value]


def left_out(survey: Survey) -> QuerySet[Star]:
    """Stars that do not train on both modalities."""
    return Star.objects.filter(survey=survey).exclude(complete_stars())


def left_out_reasons(survey: Survey) -> list[dict[str, Any]]:
    """How many stars each reason holds back, the commonest first; a star may have several (2 queries)."""
    counted = left_out(survey).aggregate(
        **{key: Count("id", filter=condition) for key, (_t, condition) in REASONS.items()}
    )
    rows = [
        {"key": key, "title": str(title), "count": counted[key], "more": _subclasses(survey) if key == "class" else ""}
        for key, (title, _condition) in REASONS.items()
        if counted[key]
    ]
    return sorted(rows, key=lambda row: -row["count"])


def class_bars(survey: Survey) -> list[dict[str, Any]]:
    """Complete stars of each class."""
    most = max([1, *survey.classes.values()])
    return [{"name": name, "count": survey.classes.get(name, 0), "most": most} for name in CLASSES]


def flag_bars(survey: Survey) -> list[dict[str, Any]]:
    """Pictures with each flag of the automatic screening (1 query)."""
    counts: Counter[str] = Counter()
    sets = Star.objects.filter(survey=survey).exclude(image_flags="").values_list("image_flags").annotate(n=Count("id"))
    for flags, number in sets.order_by():
        counts.update(dict.fromkeys(flags.split(), number))
    return [{"name": name, "flags": [name], "count": n, "most": survey.with_image} for name, n in counts.most_common()]


def _subclasses(survey: Survey) -> str:
    rows = Star.objects.filter(survey=survey, label__lt=0).values_list("subclass").annotate(n=Count("id"))
    found = sorted(rows.order_by(), key=lambda row: -row[1])
    said = [f"{subclass or _('no class')} ({number:,})" for subclass, number in found[:_SUBCLASSES_SHOWN]]
    return ", ".join(said) + (" …" if len(found) > _SUBCLASSES_SHOWN else "")
