"""Doubts as findings: a sentence, a cure, images, and for each doubt the correction that it suggests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ml_core.data.doubts.boxes import BoxDoubt, Kind
from ml_core.data.doubts.wrong_classes import Doubt
from ml_core.data.finding_texts import finding
from ml_core.errors import FormatError
from ml_core.run.files import write_json_atomic

FORMAT: Final = 1
DOUBTS_FILE: Final = "doubts.json"
LISTED: Final = 500

#: Below this share of images that are recognised when left out, a doubt says more about the judge than of the label.
LEAST_AGREEMENT: Final = 0.75

_CODES: Final[dict[Kind, str]] = {
    "missing": "likely_missing_boxes",
    "wrong_class": "likely_wrong_box_classes",
    "misplaced": "likely_misplaced_boxes",
    "spurious": "likely_spurious_boxes",
}


def class_findings(doubts: Sequence[Doubt], agreement: float) -> list[dict[str, Any]]:
    """The finding about images in a wrong class; or that nothing can be said."""
    percent = round(100 * agreement)
    if agreement < LEAST_AGREEMENT:
        return [finding("labels_not_judged", "info", 1, percent=percent)]
    if not doubts:
        return []
    found = finding("likely_wrong_classes", "warning", len(doubts), [d.position for d in doubts], percent=percent)
    suggestions = [
        {"image": d.position, "label": d.label, "likely": d.likely, "certainty": round(d.other, 4),
         "change": {"do": "set_class", "image": d.position, "label": d.likely}}
        for d in doubts
    ]  # fmt: skip
    return [{**found, "suggestions": suggestions}]


def box_findings(doubts: Sequence[BoxDoubt], positions: Sequence[int]) -> list[dict[str, Any]]:
    """A finding for each kind of doubt.

    Args:
        doubts: Gravest first.
        positions: In the version, of the images that were judged.
    """
    findings = []
    for kind, code in _CODES.items():
        own = [doubt for doubt in doubts if doubt.kind == kind]
        if own:
            images = list(dict.fromkeys(positions[doubt.image] for doubt in own))
            found = finding(code, "warning", len(own), images)
            found["annotations"] = [doubt.row for doubt in own if doubt.row is not None]
            found["suggestions"] = [_suggestion(doubt, positions[doubt.image]) for doubt in own]
            findings.append(found)
    return findings


def _suggestion(doubt: BoxDoubt, image: int) -> dict[str, Any]:
    box = [round(side, 2) for side in doubt.box]
    changes: dict[Kind, dict[str, Any]] = {
        "missing": {"do": "add", "image": image, "label": doubt.likely, "box": box},
        "wrong_class": {"do": "relabel", "row": doubt.row, "label": doubt.likely},
        "misplaced": {"do": "move", "row": doubt.row, "box": box},
        "spurious": {"do": "remove", "row": doubt.row},
    }
    return {"image": image, "row": doubt.row, "label": doubt.label, "likely": doubt.likely, "box": box,
            "certainty": round(doubt.certainty, 4), "change": changes[doubt.kind]}  # fmt: skip


def write_doubts(version: Path, fingerprint: str, facts: dict[str, Any], findings: list[dict[str, Any]]) -> None:
    """Keep the findings in the folder of the version, beside its statistics."""
    write_json_atomic(
        version / DOUBTS_FILE, {"format": FORMAT, "fingerprint": fingerprint, **facts, "findings": findings}
    )


def read_doubts(version: Path) -> list[dict[str, Any]]:
    """All findings with all their suggestions; none where nothing was looked for.

    Raises:
        FormatError: ``doubts.unreadable``.
    """
    path = version / DOUBTS_FILE
    if not path.is_file():
        return []
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["findings"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError("The list of likely wrong labels cannot be read.", code="doubts.unreadable",
                          hint="Look for wrong labels again.", where=DOUBTS_FILE) from error  # fmt: skip


def listed(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The findings for pages and answers: 500 images, annotations and suggestions of each."""
    keys = ("positions", "annotations", "suggestions")
    return [{**entry, **{key: entry[key][:LISTED] for key in keys if key in entry}} for entry in findings]
