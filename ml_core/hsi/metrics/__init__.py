"""How well a map finds what a mask marks, and thresholds for maps that have no mask."""

from ml_core.hsi.metrics.counts import MetricError, can_score
from ml_core.hsi.metrics.operating_points import operating_points
from ml_core.hsi.metrics.precision_recall import PrecisionRecallCurve, average_precision, precision_recall_curve
from ml_core.hsi.metrics.roc import RocCurve, auc, roc_curve
from ml_core.hsi.metrics.score import MapScores, curves_of, score_map
from ml_core.hsi.metrics.three_d_roc import ThreeDRoc, three_d_roc
from ml_core.hsi.metrics.thresholds import quantile_threshold, robust_threshold

__all__ = [
    "MapScores",
    "MetricError",
    "PrecisionRecallCurve",
    "RocCurve",
    "ThreeDRoc",
    "auc",
    "average_precision",
    "can_score",
    "curves_of",
    "operating_points",
    "precision_recall_curve",
    "quantile_threshold",
    "robust_threshold",
    "roc_curve",
    "score_map",
    "three_d_roc",
]
