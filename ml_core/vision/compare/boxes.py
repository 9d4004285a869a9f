"""Two detectors on the same images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.vision.compare.outcome import Outcome
from ml_core.vision.detection.metrics.confusion import Pairing, pair
from ml_core.vision.detection.metrics.judgement import Found, judge
from ml_core.vision.detection.metrics.worst import judged_row
from ml_core.vision.detection.truth import LabelledImage, Truth

Answer = dict[str, Any]
COUNTS = ("right", "wrong_class", "missed", "false_alarms")


def compare_boxes(
    images: Sequence[LabelledImage], first: Sequence[Answer], second: Sequence[Answer], classes: list[str]
) -> Outcome:
    """Put the boxes side by side: a case is an object, and it is got right when its class was found there.

    Each weight counts boxes from its own threshold on, the one that served best in its validation.
    """
    truths = [image.truth for image in images]
    found = [[found_of(answer, classes) for answer in answers] for answers in (first, second)]
    pairings = [
        [pair(truth, one, answer["threshold"]) for truth, one, answer in zip(truths, told, answers, strict=True)]
        for told, answers in zip(found, (first, second), strict=True)
    ]
    right = [
        [_right(truth, one, pairing) for truth, one, pairing in zip(truths, told, paired, strict=True)]
        for told, paired in zip(found, pairings, strict=True)
    ]
    rows = []
    for place, image in enumerate(images):
        sides = [_side(image, found[side][place], pairings[side][place]) for side in (0, 1)]
        differing = int((right[0][place] != right[1][place]).sum())
        apart = differing + abs(sides[0]["false_alarms"] - sides[1]["false_alarms"])
        if apart:
            row = {"path": image.item.path, "width": image.item.width, "height": image.item.height}
            rows.append((differing, apart, {**row, "first": sides[0], "second": sides[1]}))
    rows.sort(key=lambda entry: entry[:2], reverse=True)
    judged = [judge(truths, told, len(classes)) for told in found]
    return Outcome(
        "objects",
        classes,
        np.concatenate([truth.labels[truth.objects] for truth in truths]),
        np.concatenate(right[0]),
        np.concatenate(right[1]),
        {"map": (judged[0].mean(), judged[1].mean()),
         "map50": (judged[0].mean(overlap=0.5), judged[1].mean(overlap=0.5))},
        [row for *_, row in rows],
        len(rows),
    )  # fmt: skip


def found_of(answer: Answer, classes: list[str]) -> Found:
    """The boxes of an answer with the numbers that the data set gives its classes; others are left out."""
    numbers = {name: number for number, name in enumerate(classes)}
    known = [box for box in answer["boxes"] if box["class"] in numbers]
    corners = np.array([box["box"] for box in known], np.float64).reshape(-1, 4)
    scores = np.array([box["probability"] for box in known], np.float64)
    return Found(corners, scores, np.array([numbers[box["class"]] for box in known], np.int64))


def _right(truth: Truth, found: Found, pairing: Pairing) -> NDArray[np.bool_]:
    """Of each object whether a box with its class stands for it."""
    right = np.zeros(len(truth.labels), bool)
    paired = pairing.object >= 0
    objects = pairing.object[paired]
    right[objects] = truth.labels[objects] == found.labels[pairing.rows[paired]]
    hits: NDArray[np.bool_] = right[truth.objects]
    return hits


def _side(image: LabelledImage, found: Found, pairing: Pairing) -> dict[str, Any]:
    row = judged_row(image, found, pairing)
    return {"boxes": row["boxes"], **{key: row[key] for key in COUNTS}}
