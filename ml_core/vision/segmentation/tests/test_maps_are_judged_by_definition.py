"""Every score against its definition, counted pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ml_core.vision.segmentation.losses.choice import LOSSES
from ml_core.vision.segmentation.metrics.boundary import outline, tolerance, widen
from ml_core.vision.segmentation.metrics.image_score import ImageScore, gather_scores, score_image
from ml_core.vision.segmentation.metrics.summary import summarise
from ml_core.vision.segmentation.truth import UNKNOWN, Map

CLASSES = 4


def scenes(count: int = 6) -> list[tuple[Map, Map]]:
    """True and predicted maps of several sizes; the last class never is and never is predicted."""
    chance = np.random.default_rng(3)
    made = []
    for number in range(count):
        height, width = 20 + 3 * number, 30
        truth = np.zeros((height, width), dtype=np.int16)
        for label in (1, 2):
            top, left = chance.integers(0, 10, 2)
            truth[top : top + 8, left : left + 9] = label
        predicted = np.roll(truth, int(chance.integers(0, 3)), axis=1)
        predicted[chance.random(truth.shape) < 0.05] = 1
        truth[chance.random(truth.shape) < 0.03] = UNKNOWN
        made.append((truth, predicted))
    return made


def test_scores_follow_their_definitions() -> None:
    made = scenes()
    summary = summarise([score_image(n, *pair, CLASSES) for n, pair in enumerate(made)], CLASSES)
    right = total = 0
    for label in range(CLASSES):
        both = either = true = found = 0
        for truth, predicted in made:
            for row, column in np.ndindex(truth.shape):
                if truth[row, column] == UNKNOWN:
                    continue
                is_true, is_found = truth[row, column] == label, predicted[row, column] == label
                both += is_true and is_found
                either += is_true or is_found
                true += is_true
                found += is_found
        right, total = right + both, total + true
        if either:
            assert summary.iou[label] == pytest.approx(both / either, abs=1e-12)
            assert summary.dice[label] == pytest.approx(2 * both / (true + found), abs=1e-12)
            assert summary.precision[label] == pytest.approx(both / found, abs=1e-12)
            assert summary.recall[label] == pytest.approx(both / true, abs=1e-12)
    assert np.isnan(summary.iou[3])
    assert summary.scores["miou"] == pytest.approx(summary.iou[:3].mean(), abs=1e-12)
    assert summary.scores["pixel_accuracy"] == pytest.approx(right / total, abs=1e-12)


def brute_outline(classes: Map, label: int) -> list[tuple[int, int]]:
    height, width = classes.shape
    points = []
    for row, column in np.ndindex(classes.shape):
        around = [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
        inside = [classes[at] for at in around if 0 <= at[0] < height and 0 <= at[1] < width]
        if classes[row, column] == label and any(other not in (label, UNKNOWN) for other in inside):
            points.append((row, column))
    return points


def test_boundary_f1_follows_its_definition() -> None:
    made = scenes()
    summary = summarise([score_image(n, *pair, CLASSES) for n, pair in enumerate(made)], CLASSES)
    values = []
    for label in (1, 2):
        hits = found = kept = true = 0
        for truth, predicted in made:
            seen = np.where(truth == UNKNOWN, np.int16(UNKNOWN), predicted)
            lines, said = brute_outline(truth, label), brute_outline(seen, label)
            far = tolerance(*truth.shape)
            hits += sum(any(math.dist(one, other) <= far for other in lines) for one in said)
            kept += sum(any(math.dist(one, other) <= far for other in said) for one in lines)
            found, true = found + len(said), true + len(lines)
        precision, recall = hits / found, kept / true
        values.append(2 * precision * recall / (precision + recall))
        assert summary.boundary_f1[label] == pytest.approx(values[-1], abs=1e-12)
    assert summary.scores["boundary_f1"] == pytest.approx(np.mean(values), abs=1e-12)
    assert np.isnan(summary.boundary_f1[0])


@pytest.mark.parametrize("radius", [1.0, 2.5, 6.3])
def test_widening_reaches_as_far_as_said(radius: float) -> None:
    points = np.random.default_rng(1).random((25, 31)) < 0.01
    spots = np.argwhere(points)
    wanted = [
        [any(math.dist((row, column), spot) <= radius for spot in spots) for column in range(31)] for row in range(25)
    ]
    assert (widen(points, radius) == np.array(wanted)).all()


def test_the_frame_of_an_image_is_no_outline() -> None:
    whole = np.ones((6, 6), dtype=np.int16)
    assert not outline(whole).any()
    whole[:, 3:] = 2
    assert outline(whole).sum() == 12


def test_a_class_that_is_only_predicted_scores_nothing() -> None:
    truth, predicted = np.zeros((8, 8), dtype=np.int16), np.zeros((8, 8), dtype=np.int16)
    predicted[:4, :4] = 2
    summary = summarise([score_image(0, truth, predicted, 4)], 4)
    assert summary.iou[2] == 0
    assert summary.boundary_f1[2] == 0
    assert np.isnan(summary.iou[[1, 3]]).all()


def test_an_image_that_two_processes_saw_counts_once() -> None:
    scores = [score_image(n, *pair, CLASSES) for n, pair in enumerate(scenes(3))]
    halves: list[list[ImageScore]] = [[scores[0], scores[2]], [scores[1], scores[0]]]
    told: list[list[torch.Tensor]] = [[], []]
    for rank, own in enumerate(halves):
        gather_scores(own, lambda rows, rank=rank: told[rank].append(rows) or rows)  # type: ignore[misc, func-returns-value]
    joined = iter(torch.cat(parts) for parts in zip(*told, strict=True))
    everything = gather_scores(halves[0], lambda _: next(joined))
    assert [score.index for score in everything] == [0, 1, 2]
    assert (summarise(everything, CLASSES).matrix == summarise(scores, CLASSES).matrix).all()
    assert (summarise(everything, CLASSES).outlines == summarise(scores, CLASSES).outlines).all()


@pytest.mark.parametrize("name", ["cross_entropy", "dice"])
def test_unknown_pixels_change_no_loss_and_right_maps_have_none(name: str) -> None:
    loss = LOSSES[name][name]
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 6, 6, generator=generator)
    truth = torch.randint(0, 3, (2, 6, 6), generator=generator)
    truth[:, :2] = UNKNOWN
    other = logits.clone()
    other[:, :, :2] += 5 * torch.randn(2, 3, 2, 6, generator=generator)
    assert loss(other, truth) == pytest.approx(float(loss(logits, truth)))
    sure = 50.0 * torch.nn.functional.one_hot(truth.clamp(min=0), 3).permute(0, 3, 1, 2)
    assert float(loss(sure, truth)) == pytest.approx(0, abs=1e-6)
    assert float(loss(logits, torch.full_like(truth, UNKNOWN))) == 0


def test_losses_follow_their_definitions() -> None:
    logits = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(1))
    truth = torch.arange(40).reshape(2, 4, 5) % 2  # class 2 does not occur
    likely = logits.softmax(1)
    wanted = -torch.stack([likely[n, truth[n, y, x], y, x].log() for n, y, x in np.ndindex(2, 4, 5)]).mean()
    assert float(LOSSES["both"]["cross_entropy"](logits, truth)) == pytest.approx(float(wanted), abs=1e-6)
    parts = []
    for label in (0, 1):
        true = (truth == label).float()
        parts.append(1 - (2 * (likely[:, label] * true).sum() + 1) / (likely[:, label].sum() + true.sum() + 1))
    assert float(LOSSES["both"]["dice"](logits, truth)) == pytest.approx(float(sum(parts) / 2), abs=1e-6)
