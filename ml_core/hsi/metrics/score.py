"""All numbers of a map against its mask, as result files and pages show them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TypedDict

from numpy.typing import NDArray

from ml_core.hsi.metrics.counts import count
from ml_core.hsi.metrics.precision_recall import average_precision_of, precision_recall_curve_of
from ml_core.hsi.metrics.roc import MAX_POINTS, roc_curve_of
from ml_core.hsi.metrics.three_d_roc import three_d_roc_of


class MapScores(TypedDict):
    """ROC-AUC, average precision and the measures of ``ThreeDRoc``."""

    auc: float
    ap: float
    auc_d_f: float
    auc_d_tau: float
    auc_f_tau: float
    auc_td: float
    auc_bs: float
    auc_tdbs: float
    auc_odp: float
    auc_od: float
    auc_snpr: float | None


def score_map(scores: NDArray[Any], mask: NDArray[Any]) -> MapScores:
    """The scores of a map, for evaluation only.

    Args:
        scores: (H, W), larger = more anomalous.
        mask: (H, W), 1 = anomaly. Ask ``can_score`` first where it may hold one class only.

    Raises:
        MetricError: The map is not finite, or the mask does not fit or holds one class only.
    """
    counts = count(scores, mask)
    surface = three_d_roc_of(counts, scores, mask)
    return {
        "auc": surface.auc_d_f,
        "ap": average_precision_of(counts),
        "auc_d_f": surface.auc_d_f,
        "auc_d_tau": surface.auc_d_tau,
        "auc_f_tau": surface.auc_f_tau,
        "auc_td": surface.auc_td,
        "auc_bs": surface.auc_bs,
        "auc_tdbs": surface.auc_tdbs,
        "auc_odp": surface.auc_odp,
        "auc_od": surface.auc_od,
        "auc_snpr": surface.auc_snpr,
    }


def curves_of(scores: NDArray[Any], mask: NDArray[Any], max_points: int = MAX_POINTS) -> dict[str, Any]:
    """ROC and precision-recall curve for a page, as plain lists of at most ``max_points`` points.

    Returns:
        ``roc``, ``precision_recall`` and ``three_d_roc``, the measures of ``ThreeDRoc`` by name.

    Raises:
        MetricError: See ``count``.
    """
    counts = count(scores, mask)
    roc = roc_curve_of(counts, max_points)
    precision_recall = precision_recall_curve_of(counts, max_points)
    return {
        "roc": {
            "false_alarm_rate": roc.false_alarm_rate.tolist(),
            "detection_rate": roc.detection_rate.tolist(),
            "thresholds": roc.thresholds.tolist(),
            "auc": roc.auc,
        },
        "precision_recall": {
            "recall": precision_recall.recall.tolist(),
            "precision": precision_recall.precision.tolist(),
            "thresholds": precision_recall.thresholds.tolist(),
            "average_precision": precision_recall.average_precision,
        },
        "three_d_roc": asdict(three_d_roc_of(counts, scores, mask)),
    }
