from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from ml_core.stellar.metrics import (
    MetricError,
    answers,
    calibration_bins,
    class_scores,
    confusion_matrix,
    paired_difference,
    score,
    score_groups,
)


def _draw(stars: int, seed: int, sharp: float = 3.0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Labels drawn from the probabilities themselves: calibrated by construction."""
    rng = np.random.default_rng(seed)
    logits = sharp * rng.normal(size=(stars, 5))
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = (probabilities.cumsum(1) < rng.random((stars, 1))).sum(1)
    return probabilities, labels


def test_measures_equal_those_of_scikit_learn_in_every_group() -> None:
    probabilities, labels = _draw(400, 0)
    sn = np.random.default_rng(1).uniform(0, 12, 400)
    found = score(probabilities, labels, sn)
    for group, mask in {"all": sn >= 0, "low": sn < 5, "high": sn >= 5}.items():
        predicted = probabilities[mask].argmax(1)
        assert found["n"][group] == mask.sum()
        assert found["macro_f1"][group] == pytest.approx(f1_score(labels[mask], predicted, average="macro"))
        assert found["accuracy"][group] == pytest.approx(accuracy_score(labels[mask], predicted))
        near = np.mean(np.abs(labels[mask] - predicted) <= 1)
        assert found["groups"][group]["within_one"] == pytest.approx(near)


def test_a_star_of_exactly_five_belongs_to_the_high_group_and_an_unknown_one_to_the_low() -> None:
    groups = score_groups(np.eye(5)[:3], [0, 1, 2], [5.0, 4.999, np.nan])
    assert (groups["low"]["n"], groups["high"]["n"]) == (2, 1)


def test_a_class_that_does_not_occur_does_not_count_but_its_false_answers_do() -> None:
    probabilities = np.eye(5)[[0, 0, 1, 4]]
    found = score(probabilities, [0, 0, 1, 1], np.ones(4))
    assert found["macro_f1"]["all"] == pytest.approx((1.0 + 2 / 3) / 2)
    assert found["within_one"] == 0.75


def test_stars_without_a_class_are_not_scored() -> None:
    found = score(np.eye(5)[[0, 1, 2]], [0, -1, 2], [9.0, 9.0, 1.0])
    assert found["n"] == {"all": 2, "low": 1, "high": 1}
    assert found["macro_f1"]["all"] == 1.0


def test_an_empty_group_has_no_scores() -> None:
    found = score(np.eye(5)[[0, 1]], [0, 1], [9.0, 9.0])
    assert found["macro_f1"]["low"] is None
    assert found["groups"]["low"]["error"]["ece"] is None


def test_calibrated_answers_have_little_calibration_error_and_sharpened_ones_much() -> None:
    probabilities, labels = _draw(20_000, 2, sharp=1.0)
    sharpened = probabilities**4 / (probabilities**4).sum(1, keepdims=True)
    assert score(probabilities, labels, np.ones(20_000))["ece"] < 0.012
    assert score(sharpened, labels, np.ones(20_000))["ece"] > 0.2


def test_calibration_error_is_the_gap_of_the_bins() -> None:
    probabilities, labels = _draw(300, 3)
    bins = calibration_bins(probabilities, labels)
    gaps = sum(b["n"] * abs((b["accuracy"] or 0) - (b["confidence"] or 0)) for b in bins)
    assert sum(b["n"] for b in bins) == 300
    assert score(probabilities, labels, np.ones(300))["ece"] == pytest.approx(gaps / 300)
    assert all(b["low"] <= b["confidence"] <= b["high"] for b in bins if b["confidence"] is not None)


def test_a_certain_answer_falls_into_the_last_bin() -> None:
    assert calibration_bins(np.eye(5), np.arange(5))[-1]["n"] == 5


def test_bootstrap_errors_are_those_of_another_draw() -> None:
    drawn = [score(*_draw(500, seed), np.ones(500)) for seed in range(40)]
    spread = np.std([found["accuracy"]["all"] for found in drawn])
    told = np.mean([found["groups"]["all"]["error"]["accuracy"] for found in drawn])
    assert told == pytest.approx(spread, rel=0.35)


def test_a_difference_on_the_same_stars_is_surer_than_the_errors_of_both() -> None:
    probabilities, labels = _draw(1000, 4)
    worse = probabilities.copy()
    worse[:40] = np.roll(worse[:40], 2, axis=1)
    difference, error = paired_difference(probabilities, worse, labels)
    own = score_groups(probabilities, labels, np.ones(1000))["all"]["error"]["macro_f1"]
    assert difference > 3 * error
    assert own is not None and error < own
    assert paired_difference(probabilities, probabilities, labels) == (0.0, 0.0)


def test_the_confusion_matrix_gives_precision_and_recall() -> None:
    probabilities, labels = _draw(300, 5)
    predicted = probabilities.argmax(1)
    counts = confusion_matrix(labels, predicted)
    wanted = precision_recall_fscore_support(labels, predicted, labels=range(5))
    for at, found in enumerate(class_scores(counts)):
        values = (found["precision"], found["recall"], found["f1"], found["n"])
        assert values == pytest.approx([column[at] for column in wanted])
    assert counts[labels[0], predicted[0]] > 0
    assert confusion_matrix([-1, 2], [0, 3]).sum() == 1


@pytest.mark.parametrize(
    ("probabilities", "labels"),
    [(np.eye(5), np.arange(4)), (np.eye(4), np.arange(4)), (np.eye(5) * 2, np.arange(5)),
     (np.full((5, 5), np.nan), np.arange(5)), (np.eye(5) - np.roll(np.eye(5), 1, 1) + np.eye(5), np.arange(5))],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> None:
    with pytest.raises(MetricError):
        answers(probabilities, labels)
