from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest

from ml_core.vision.detection.metrics.average_precision import best_threshold, precision_by_recall
from ml_core.vision.detection.metrics.confusion import confusion_with_background
from ml_core.vision.detection.metrics.judgement import SIZES, Found, Judgement, judge
from ml_core.vision.detection.truth import Truth

CLASSES, IMAGES = 3, 25
REFERENCE = [
    0.09014031506279784,
    0.22618308114569122,
    0.07118880053218607,
    0.038239582435581516,
    0.16372871546916695,
    0.33421009683385927,
]


def _boxes(chance: np.random.Generator, count: int) -> Any:
    corners = chance.uniform(0, 300, (count, 2))
    return np.concatenate([corners, corners + np.exp(chance.uniform(np.log(8), np.log(220), (count, 2)))], axis=1)


def _scenes(seed: int) -> tuple[list[Truth], list[Found]]:
    """Objects, some in crowds; detections near them, doubled, of wrong classes, and out of nowhere."""
    chance = np.random.default_rng(seed)
    truths, found = [], []
    for _ in range(IMAGES):
        count = int(chance.integers(0, 9))
        boxes, labels = _boxes(chance, count), chance.integers(0, CLASSES, count)
        crowds = chance.random(count) < 0.15
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) * chance.uniform(0.6, 1, count)
        truths.append(Truth(boxes, labels, areas, crowds))
        near = np.repeat(boxes, 2, axis=0) + chance.normal(0, 6, (2 * count, 4))
        guessed = np.repeat(labels, 2)
        guessed = np.where(chance.random(2 * count) < 0.2, chance.integers(0, CLASSES, 2 * count), guessed)
        all_boxes = np.concatenate([near, _boxes(chance, 4)])
        all_boxes[:, 2:] = np.maximum(all_boxes[:, 2:], all_boxes[:, :2] + 1)
        all_labels = np.concatenate([guessed, chance.integers(0, CLASSES, 4)])
        scores = chance.random(len(all_labels)).round(2)  # many are equal
        order = np.argsort(-scores, kind="stable")
        found.append(Found(all_boxes[order], scores[order], all_labels[order]))
    return truths, found


def _reference(package: str, truths: list[Truth], found: list[Found]) -> Any:
    """The same judged by the package, if it is installed."""
    coco = pytest.importorskip(f"{package}.coco" if package == "pycocotools" else package)
    evaluator = (
        pytest.importorskip(f"{package}.cocoeval").COCOeval if package == "pycocotools" else coco.COCOeval_faster
    )
    annotations: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for image, (truth, detections) in enumerate(zip(truths, found, strict=True), start=1):
        for box, label, area, crowd in zip(truth.boxes, truth.labels, truth.areas, truth.ignored, strict=True):
            common = {"image_id": image, "category_id": int(label) + 1, "bbox": [*box[:2], *(box[2:] - box[:2])]}
            annotations.append({"id": len(annotations) + 1, "area": float(area), "iscrowd": int(crowd), **common})
        for box, score, label in zip(detections.boxes, detections.scores, detections.labels, strict=True):
            common = {"image_id": image, "category_id": int(label) + 1, "bbox": [*box[:2], *(box[2:] - box[:2])]}
            results.append({"score": float(score), **common})
    with contextlib.redirect_stdout(io.StringIO()):
        known = coco.COCO()
        known.dataset = {
            "images": [{"id": n + 1, "width": 600, "height": 600} for n in range(len(truths))],
            "categories": [{"id": n + 1, "name": str(n)} for n in range(CLASSES)],
            "annotations": annotations,
        }
        known.createIndex()
        evaluation = evaluator(known, known.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("package", ["pycocotools", "faster_coco_eval"])
def test_average_precisions_are_those_of_the_reference(package: str, seed: int) -> None:
    truths, found = _scenes(seed)
    reference = _reference(package, truths, found)
    judgement = judge(truths, found, CLASSES, tuple(SIZES))
    ours = [judgement.mean(), judgement.mean(overlap=0.5), judgement.mean(overlap=0.75)]
    ours += [judgement.mean(size) for size in ("small", "medium", "large")]
    np.testing.assert_allclose(ours, reference.stats[:6], atol=1e-9)
    precision = np.asarray(reference.eval["precision"])[..., -1].mean(axis=1)  # (overlaps, classes, sizes)
    theirs = np.where(precision < 0, np.nan, precision).transpose(2, 1, 0)
    np.testing.assert_allclose(judgement.precision, theirs, atol=1e-9)


def test_average_precisions_are_those_that_pycocotools_gave() -> None:
    """The same where no reference is installed: of pycocotools 2.0.11 for the first scenes."""
    judgement = judge(*_scenes(0), CLASSES, tuple(SIZES))
    ours = [judgement.mean(), judgement.mean(overlap=0.5), judgement.mean(overlap=0.75)]
    ours += [judgement.mean(size) for size in ("small", "medium", "large")]
    np.testing.assert_allclose(ours, REFERENCE, atol=1e-9)


def _one(truth: list[list[float]], labels: list[int], found: list[list[float]], said: list[int]) -> Judgement:
    truths = [_truth(truth, labels)]
    return judge(truths, [_found(found, said)], CLASSES, tuple(SIZES))


def _truth(boxes: list[list[float]], labels: list[int], ignored: list[bool] | None = None) -> Truth:
    corners = np.array(boxes, dtype=float).reshape(-1, 4)
    areas = (corners[:, 2:] - corners[:, :2]).prod(axis=1)
    return Truth(
        corners, np.array(labels, dtype=np.int64), areas, np.array(ignored or [False] * len(labels), dtype=bool)
    )


def _found(boxes: list[list[float]], labels: list[int]) -> Found:
    scores = np.linspace(0.9, 0.5, len(boxes))
    return Found(np.array(boxes, dtype=float).reshape(-1, 4), scores, np.array(labels, dtype=np.int64))


def test_what_is_found_exactly_has_a_precision_of_one() -> None:
    boxes = [[0.0, 0.0, 20.0, 20.0], [30.0, 30.0, 90.0, 90.0]]
    judgement = _one(boxes, [0, 2], boxes, [0, 2])
    assert judgement.mean() == judgement.mean("small") == judgement.mean("medium") == pytest.approx(1)
    assert np.isnan(judgement.mean("large"))
    assert np.isnan(judgement.precision[0, 1]).all()


def test_a_second_box_on_the_same_object_is_a_false_alarm() -> None:
    box = [0.0, 0.0, 40.0, 40.0]
    far = [100.0, 100.0, 140.0, 140.0]
    doubled = _one([box, far], [0, 0], [box, box, far], [0, 0, 0])
    # Recall one half at precision 1, recall 1 at precision 2/3: 51 and 50 of 101 levels.
    assert doubled.mean(overlap=0.5) == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_a_crowd_and_an_unknown_class_are_neither_object_nor_background() -> None:
    box, crowd, unknown = [0.0, 0.0, 40.0, 40.0], [50.0, 50.0, 150.0, 150.0], [200.0, 0.0, 240.0, 40.0]
    truth = _truth([box, crowd, unknown], [0, 0, -1], [False, True, True])
    inside = [[60.0, 60.0, 90.0, 90.0], [100.0, 100.0, 120.0, 120.0], unknown]
    found = _found([*inside, box], [0, 0, 0, 0])
    assert judge([truth], [found], CLASSES).mean() == pytest.approx(1)
    matrix = confusion_with_background([truth], [found], CLASSES, 0.1)
    assert matrix[0, 0] == matrix.sum() == 1


def test_the_confusion_counts_every_object_and_every_alarm_once() -> None:
    truths, found = _scenes(5)
    matrix = confusion_with_background(truths, found, CLASSES, 0.4)
    objects = [int(((truth.labels == c) & ~truth.ignored).sum()) for truth in truths for c in range(CLASSES)]
    assert matrix[:CLASSES].sum() == sum(objects)
    assert matrix[CLASSES, CLASSES] == 0
    swapped = _truth([[0.0, 0.0, 40.0, 40.0]], [1])
    told = confusion_with_background([swapped], [_found([[1.0, 1.0, 40.0, 40.0]], [2])], CLASSES, 0.1)
    assert told[1, 2] == told.sum() == 1


def test_the_threshold_has_the_highest_f1() -> None:
    scores, hits = np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([True, True, False, True, False])
    assert best_threshold(scores, hits, 3) == (pytest.approx(0.6), pytest.approx(6 / 7))
    assert best_threshold(scores, np.zeros(5, dtype=bool), 3) == (0.5, 0.0)
    precision, reached = precision_by_recall(scores, hits, 3)
    assert precision[0] == 1
    assert precision[100] == pytest.approx(0.75)
    assert reached[100] == pytest.approx(0.6)
