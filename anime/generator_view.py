"""What the report of a generator says, arranged for its page: judges, variety, what was memorised."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _

from anime.model_presentation import image_links, images_by_path
from anime.models import Collection, Training
from cvstudio.runs.models import Run
from cvstudio.weights.models import WeightVersion

#: Goals of a report, by the measure that is held against each.
_GOALS: Final = {
    "agreement": "agreement", "diversity": "diversity", "memorised": "no_copies", "grid_artefact": "no_grid",
}  # fmt: skip


def generator_row(version: WeightVersion, training: Training | None, report: dict[str, Any]) -> dict[str, Any]:
    """A line of the list of generators."""
    return {
        "version": version, "collection": training.collection if training else None,
        "characters": list(version.classes or []), "agreement": report.get("agreement"),
        "diversity": report.get("diversity"), "memorised": report.get("memorised"),
    }  # fmt: skip


def judged_facts(report: dict[str, Any]) -> list[dict[str, Any]]:
    """What judges that took no part in training said, each with what it means and whether it is as it should be."""
    found = [
        _fact(report, "agreement", _("Recognised by a second classifier"), _as_share,
              _("Share of samples in which a classifier sees the character that training never asked. 80 % or more.")),
        _fact(report, "diversity", _("Diversity"), _as_share,
              _("How unlike each other the samples are, against real images. 50 % or more; little means collapse.")),
        _fact(report, "memorised", _("Memorised"), _as_share,
              _("Share of samples nearer to a training image than real images are to each other. None is as it should "
                "be.")),
        _fact(report, "grid_artefact", _("Grid in the spectrum"), _as_times,
              _("Regular patterns of the network's own, as multiples of what real images have. At most 3.")),
        _fact(report, "description_distance", _("Distance of descriptions"), _as_number,
              _("Energy distance between descriptions of samples and of real images, 0 if they were alike. It is no "
                "FID, which is defined on another network.")),
        _fact(report, "sharpness", _("Sharpness"), _as_share,
              _("Fine detail of the samples against that of real images.")),
    ]  # fmt: skip
    return [one for one in found if one is not None]


def collapse_words(report: dict[str, Any]) -> str:
    """What happened where the samples became all alike; empty where they did not."""
    stopped = report.get("stopped") or {}
    if stopped.get("reason") != "collapse":
        return ""
    return _("At epoch %(epoch)s the samples had become all but equal to each other. The best weights from before "
             "were kept.") % {"epoch": stopped.get("epoch")}  # fmt: skip


def nearest_pairs(report: dict[str, Any], run: Run | None, collection: Collection | None) -> list[dict[str, Any]]:
    """Samples beside the training image most like each, the nearest first (1 query for images, 1 for the sheet)."""
    rows = sorted(report.get("nearest") or [], key=lambda one: float(one["distance"]))
    known = images_by_path(collection, (str(one["path"]) for one in rows))
    sheet = _sheet(report.get("judged") or {}, run)
    return [{**one, **image_links(known.get(str(one["path"]))), "crop": _crop(sheet, one["sample"])} for one in rows]


def _sheet(judged: dict[str, Any], run: Run | None) -> dict[str, Any] | None:
    """The sheet of samples that were judged: its address and how it is divided."""
    if run is None or not judged:
        return None
    found = run.artifacts.filter(name=judged["sheet"]).first()
    if found is None:
        return None
    return {**judged, "url": f"/api/v1/training/{run.id}/artifacts/{found.id}/download"}


def _crop(sheet: dict[str, Any] | None, sample: int) -> dict[str, Any] | None:
    """Where a sample lies on the sheet, in pixels."""
    if sheet is None:
        return None
    row, column = divmod(int(sample), int(sheet["columns"]))
    side = int(sheet["size"])
    width = side * int(sheet["columns"])
    return {"url": sheet["url"], "x": column * side, "y": row * side, "side": side, "width": width}


def _fact(report: dict[str, Any], key: str, title: str, shown: Any, text: str) -> dict[str, Any] | None:
    value = report.get(key)
    if value is None:
        return None
    is_reached = (report.get("fulfilled") or {}).get(_GOALS.get(key))
    tone = "" if is_reached is None else "ok" if is_reached else "warning"
    return {"key": key, "title": title, "value": shown(value), "tone": tone, "text": text}


def _as_share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _as_times(value: float) -> str:
    return f"{value:.1f} ×"


def _as_number(value: float) -> str:
    return f"{value:.3f}"
