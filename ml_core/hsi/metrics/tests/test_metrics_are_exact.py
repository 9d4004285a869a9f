"""Scores of maps against scikit-learn, against pair counting and against cases done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from ml_core.hsi.metrics import (
    MetricError,
    auc,
    average_precision,
    can_score,
    curves_of,
    operating_points,
    precision_recall_curve,
    quantile_threshold,
    robust_threshold,
    roc_curve,
    score_map,
    three_d_roc,
)


def scene(seed, levels=None, shape=(40, 50), anomalies=60):
    """A noisy map that is higher under the mask; ``levels`` rounds it, so that many scores tie."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(shape, dtype=np.uint8)
    mask.ravel()[rng.choice(mask.size, anomalies, replace=False)] = 1
    scores = rng.normal(size=shape) + 1.5 * mask
    if levels:
        scores = np.round(scores * levels) / levels
    return scores.astype(np.float32), mask


@pytest.mark.parametrize("levels", [None, 1, 4])
@pytest.mark.parametrize("seed", [0, 1])
def test_areas_equal_those_of_scikit_learn_with_and_without_ties(seed, levels):
    scores, mask = scene(seed, levels)
    assert auc(scores, mask) == pytest.approx(sklearn_metrics.roc_auc_score(mask.ravel(), scores.ravel()), abs=1e-12)
    expected = sklearn_metrics.average_precision_score(mask.ravel(), scores.ravel())
    assert average_precision(scores, mask) == pytest.approx(expected, abs=1e-12)


def test_the_area_is_the_share_of_pairs_in_the_right_order():
    scores, mask = scene(2, levels=2, shape=(12, 12), anomalies=20)
    high, low = scores[mask == 1][:, None], scores[mask == 0][None]
    assert auc(scores, mask) == pytest.approx(((high > low) + 0.5 * (high == low)).mean(), abs=1e-12)


def test_a_case_done_by_hand():
    scores = np.array([[0.9, 0.8, 0.7], [0.6, 0.5, 0.1]])
    mask = np.array([[1, 0, 1], [0, 0, 0]])
    assert auc(scores, mask) == 7 / 8
    assert average_precision(scores, mask) == pytest.approx((1 + 2 / 3) / 2)
    measures = three_d_roc(scores, mask)
    assert measures.auc_d_tau == pytest.approx((1 + 0.75) / 2)
    assert measures.auc_f_tau == pytest.approx((0.875 + 0.625 + 0.5 + 0) / 4)
    assert measures.auc_td == pytest.approx(0.875 + 0.875)
    assert measures.auc_bs == pytest.approx(0.875 - 0.5)
    assert measures.auc_tdbs == pytest.approx(0.375)
    assert measures.auc_odp == pytest.approx(1.375)
    assert measures.auc_od == pytest.approx(1.25)
    assert measures.auc_snpr == pytest.approx(1.75)


def test_a_constant_map_is_worth_chance():
    scores, mask = np.full((10, 10), 3.0), np.eye(10, dtype=np.uint8)
    assert auc(scores, mask) == 0.5
    assert average_precision(scores, mask) == pytest.approx(0.1)
    assert three_d_roc(scores, mask).auc_snpr is None


def test_areas_over_the_threshold_equal_numeric_integration():
    scores, mask = scene(3)
    scaled = (scores - scores.min()) / (scores.max() - scores.min())
    taus = np.linspace(0, 1, 4001)
    measures = three_d_roc(scores, mask)
    for area, part in ((measures.auc_d_tau, mask == 1), (measures.auc_f_tau, mask == 0)):
        rates = [(scaled[part] >= tau).mean() for tau in taus]
        assert area == pytest.approx(np.trapezoid(rates, taus), abs=1e-3)


def test_a_thinned_roc_curve_keeps_its_shape_and_the_exact_area():
    scores, mask = scene(4, shape=(200, 200), anomalies=4000)
    curve = roc_curve(scores, mask)
    x, y, _ = sklearn_metrics.roc_curve(mask.ravel(), scores.ravel())
    assert len(curve.thresholds) <= 500
    assert (curve.false_alarm_rate[0], curve.detection_rate[0]) == (0, 0)
    assert (curve.false_alarm_rate[-1], curve.detection_rate[-1]) == (1, 1)
    assert (np.diff(curve.thresholds) < 0).all()
    assert np.abs(np.interp(x, curve.false_alarm_rate, curve.detection_rate) - y).max() < 0.012
    assert np.trapezoid(curve.detection_rate, curve.false_alarm_rate) == pytest.approx(curve.auc, abs=1e-3)
    assert curve.auc == pytest.approx(sklearn_metrics.roc_auc_score(mask.ravel(), scores.ravel()), abs=1e-12)
    assert np.count_nonzero(curve.false_alarm_rate < 1e-3) > 20


def test_each_point_of_a_curve_is_what_its_threshold_flags():
    scores, mask = scene(5, levels=8)
    roc, precision_recall = roc_curve(scores, mask), precision_recall_curve(scores, mask)
    for x, y, threshold in zip(roc.false_alarm_rate, roc.detection_rate, roc.thresholds, strict=True):
        assert (scores[mask == 0] >= threshold).mean() == pytest.approx(x)
        assert (scores[mask == 1] >= threshold).mean() == pytest.approx(y)
    rows = zip(precision_recall.recall, precision_recall.precision, precision_recall.thresholds, strict=True)
    for recall, precision, threshold in rows:
        assert (scores[mask == 1] >= threshold).mean() == pytest.approx(recall)
        assert mask[scores >= threshold].mean() == pytest.approx(precision)


def test_a_thinned_precision_curve_has_points_of_the_whole_one():
    scores, mask = scene(6, shape=(200, 200), anomalies=4000)
    curve = precision_recall_curve(scores, mask)
    precision, recall, thresholds = sklearn_metrics.precision_recall_curve(mask.ravel(), scores.ravel())
    assert len(curve.thresholds) <= 500
    at = {t: (r, p) for r, p, t in zip(recall, precision, thresholds, strict=False)}
    for r, p, t in zip(curve.recall, curve.precision, curve.thresholds, strict=True):
        assert at[t] == pytest.approx((r, p))
    assert curve.recall[-1] == 1


def test_curves_go_to_a_page_as_plain_lists():
    scores, mask = scene(7)
    curves = curves_of(scores, mask)
    assert curves["roc"]["auc"] == auc(scores, mask)
    assert curves["precision_recall"]["average_precision"] == average_precision(scores, mask)
    assert isinstance(curves["roc"]["thresholds"][0], float)
    assert curves["three_d_roc"]["auc_od"] == score_map(scores, mask)["auc_od"]


def test_a_map_is_scored_with_everything_at_once():
    scores, mask = scene(8)
    found = score_map(scores, mask)
    assert found["auc"] == found["auc_d_f"] == auc(scores, mask)
    assert found["ap"] == average_precision(scores, mask)
    assert found["auc_od"] == pytest.approx(found["auc_d_f"] + found["auc_d_tau"] - found["auc_f_tau"])


def test_an_operating_point_counts_pixels_and_objects():
    scores = np.zeros((6, 8))
    mask = np.zeros((6, 8), dtype=np.uint8)
    mask[0, 0] = mask[1, 1] = 1  # touch at a corner: one object
    mask[4, 5:7] = 1
    scores[1, 1], scores[4, 6], scores[5, 0] = 5, 3, 4
    (row,) = operating_points(scores, mask, [4])
    assert (row["hits"], row["misses"], row["false_alarms"], row["flagged"]) == (1, 3, 1, 2)
    assert (row["objects"], row["objects_hit"]) == (2, 1)
    assert row["precision"] == 0.5
    assert row["false_alarm_rate"] == pytest.approx(1 / 44)
    (nothing,) = operating_points(scores, mask, [9])
    assert (nothing["flagged"], nothing["precision"]) == (0, 1)


def test_listed_thresholds_keep_the_false_alarm_rates_they_are_made_for():
    scores, mask = scene(9, shape=(200, 200), anomalies=100)
    rows = operating_points(scores, mask)
    for row, rate in zip(rows, (1e-4, 1e-3, 1e-2, 0.05, 0.1), strict=True):
        assert row["false_alarm_rate"] == pytest.approx(rate, rel=0.35)
    assert "hits" not in operating_points(scores)[0]


def test_a_robust_threshold_ignores_the_anomalies():
    rng = np.random.default_rng(0)
    scores = rng.normal(10, 2, size=(100, 100))
    plain = robust_threshold(scores, 5)
    assert plain == pytest.approx(20, rel=0.05)
    scores[:5] = 1e6
    assert robust_threshold(scores, 5) == pytest.approx(plain, rel=0.05)


def test_a_map_that_is_mostly_zero_still_gets_a_threshold_above_zero():
    scores = np.zeros((10, 10))
    scores[0, :5] = 1
    assert 0 < robust_threshold(scores, 3) < 1
    assert robust_threshold(np.zeros((3, 3))) == 0


def test_a_quantile_threshold_flags_that_share():
    scores = np.random.default_rng(1).random((100, 100))
    assert (scores >= quantile_threshold(scores, 0.01)).mean() == pytest.approx(0.01, abs=2e-4)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda s, m: (s, np.zeros_like(m)), "hsi.mask_one_class"),
        (lambda s, m: (s, np.ones_like(m)), "hsi.mask_one_class"),
        (lambda s, m: (s, m * 2), "hsi.mask_values"),
        (lambda s, m: (s, m[1:]), "hsi.mask_shape"),
        (lambda s, m: (np.where(m, np.nan, s), m), "hsi.map_non_finite"),
        (lambda s, m: (np.where(m, np.inf, s), m), "hsi.map_non_finite"),
        (lambda s, m: (s.ravel(), m.ravel()), "hsi.map_shape"),
    ],
)
@pytest.mark.parametrize("function", [score_map, auc, average_precision, roc_curve, three_d_roc, curves_of])
def test_what_cannot_be_scored_is_refused_with_a_cure(change, code, function):
    with pytest.raises(MetricError) as refusal:
        function(*change(*scene(0)))
    assert refusal.value.code == code
    assert refusal.value.hint


def test_one_can_ask_before_scoring():
    assert can_score(np.eye(3))
    assert not can_score(np.zeros((3, 3)))
    assert not can_score(np.ones((3, 3)))
    assert not can_score(None)


@pytest.mark.parametrize("share", [0, 1, -1])
def test_a_share_outside_zero_and_one_is_refused(share):
    with pytest.raises(MetricError, match="share"):
        quantile_threshold(np.eye(3), share)


def test_a_large_map_is_scored_in_seconds():
    scores, mask = scene(1, shape=(1000, 1000), anomalies=500)
    assert score_map(scores, mask)["auc"] == pytest.approx(0.855, abs=0.03)
