"""What a report of an enrolment says, in rows that a page shows."""

from __future__ import annotations

from typing import Any, Final

from anime.models import Character, Enrolment
from anime.presentation import thumbnail

SIZES: Final = ("1", "5", "10", "20")
_WELL, _FAIR = 0.8, 0.6


def expectations(report: dict[str, Any]) -> list[dict[str, Any]]:
    """How well the character is told apart after 1, 5, 10 and 20 images, as far as the images given can say."""
    rows = []
    for size in SIZES:
        point = report.get("sizes", {}).get(size)
        share = point["told_apart"] if point else None
        tone = "" if share is None else "ok" if share >= _WELL else "warning" if share >= _FAIR else "failed"
        rows.append({"images": int(size), "share": share, "error": point["error"] if point else None, "tone": tone})
    return rows


def hard_to_tell(user: Any, enrolment: Enrolment) -> list[dict[str, Any]]:
    """Characters that the new one is taken for, with an image where the collection has them (1 query)."""
    rows = enrolment.report.get("confusable", [])
    if not rows or enrolment.collection is None:
        return list(rows)
    known = Character.objects.visible_to(user).filter(
        collection=enrolment.collection, name__in=[row["name"] for row in rows]
    )
    found = {row.name: row for row in known}
    return [
        {
            **row,
            "character": found.get(row["name"]),
            "cover": thumbnail(enrolment.collection, found[row["name"]].cover) if row["name"] in found else "",
        }
        for row in rows
    ]
