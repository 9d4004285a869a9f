"""What the comparison of a student with its teacher says, arranged for its page."""

from __future__ import annotations

from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anime.report_view import lowest_source

SIDES: Final[dict[str, str | Promise]] = {
    "teacher": gettext_lazy("Teacher"),
    "student": gettext_lazy("Student"),
    "student_alone": gettext_lazy("Student alone"),
}
#: How far a student may stay behind its teacher and still stand in for it, in points.
NEAR: Final = 2.0


def compared_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """One row each, with what can be compared; the best of each column is marked."""
    rows = []
    for key, title in SIDES.items():
        one = found.get(key) or {}
        rows.append({"key": key, "title": title, **(one.get("scores") or {}), "ms": one.get("ms"), "mb": one.get("mb"),
                     "lowest": lowest_source(one)})  # fmt: skip
    for key, better in (("top1", max), ("top5", max), ("ece", min), ("ms", min), ("mb", min)):
        known = [row[key] for row in rows if row.get(key) is not None]
        best = better(known) if known else None
        for row in rows:
            row[f"{key}_is_best"] = best is not None and row.get(key) == best
    return rows


def source_table(found: dict[str, Any]) -> dict[str, Any]:
    """Top-1 of each side by source, for the table and the plot."""
    by_side = {key: (found.get(key) or {}).get("sources") or {} for key in SIDES}
    names = sorted({name for sources in by_side.values() for name in sources})
    rows = [
        {
            "name": name,
            "images": next((sources[name]["images"] for sources in by_side.values() if name in sources), None),
            "values": [sources.get(name, {}).get("top1") for sources in by_side.values()],
        }
        for name in names
    ]
    series = [
        {"name": str(SIDES[key]), "values": [sources.get(name, {}).get("top1") for name in names]}
        for key, sources in by_side.items()
        if sources
    ]
    return {"titles": list(SIDES.values()), "rows": rows, "plot": {"labels": names, "series": series}}


def verdict_on(found: dict[str, Any]) -> dict[str, Any]:
    """In words, whether the teacher helped and whether the student can stand in for it; with a tone."""
    teacher, student, alone = ((found.get(key) or {}).get("scores", {}).get("top1") for key in SIDES)
    if student is None or alone is None:
        return {"tone": "info", "title": _("Nothing was judged"), "text": _("The students were judged on no image.")}
    speed = _speed_up(found)
    if teacher is not None and teacher <= alone:
        return {
            "tone": "warning", "title": _("The teacher is no better than the student alone"),
            "text": _("Train a better teacher, or use the student alone."), "speed": speed,
        }  # fmt: skip
    if student <= alone:
        return {
            "tone": "warning", "title": _("The teacher did not help"),
            "text": _("The same network that learned alone is as good: %(alone)s against %(student)s.")
            % {"alone": _share(alone), "student": _share(student)},
            "speed": speed,
        }  # fmt: skip
    text = _("%(student)s with its teacher, %(alone)s alone.") % {"student": _share(student), "alone": _share(alone)}
    told = f"{text} {_behind(teacher, student)}"
    return {"tone": "ok", "title": _("The teacher helped"), "text": told, "speed": speed}


def like_with_like(found: dict[str, Any]) -> str:
    """What the lessons brought by themselves, where a student also has its teacher's codebooks; else empty.

    The student alone has no codebooks, so the gap between the two is not that of the lessons.
    """
    alone = (found.get("student_alone") or {}).get("scores", {}).get("top1")
    parts = found.get("parts") or {}
    network, inherited = ((parts.get(key) or {}).get("top1") for key in ("network", "inherited"))
    if alone is None or network is None or inherited is None:
        return ""
    return _(
        "The student also has codebooks from its teacher, which the student alone has not. Like with like: its network "
        "by itself reaches %(network)s, the same network without lessons %(alone)s. With the codebooks and no network "
        "it reaches %(inherited)s."
    ) % {"network": _share(network), "alone": _share(alone), "inherited": _share(inherited)}


def _behind(teacher: float | None, student: float) -> str:
    if teacher is None:
        return _("The teacher itself was not judged on these images.")
    behind = 100 * (teacher - student)
    if behind <= 0:
        return _("It is as good as its teacher.")
    words = {"points": f"{behind:.1f}"}
    if behind <= NEAR:
        return _("It is %(points)s points behind its teacher and can stand in for it.") % words
    return _("It is %(points)s points behind its teacher: keep the teacher where accuracy counts.") % words


def _speed_up(found: dict[str, Any]) -> float | None:
    """How many times faster than its teacher the student is."""
    teacher, student = ((found.get(key) or {}).get("ms") for key in ("teacher", "student"))
    return teacher / student if teacher and student else None


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
