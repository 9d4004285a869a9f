"""How well a map finds what a mask marks, and thresholds, regions and neighbours for maps without one."""

from ml_core.hsi.metrics.counts import MetricError, can_score
from ml_core.hsi.metrics.neighbours import Neighbour, nearest_background
from ml_core.hsi.metrics.operating_points import operating_points
from ml_core.hsi.metrics.precision_recall import PrecisionRecallCurve, average_precision, precision_recall_curve
from ml_core.hsi.metrics.regions import Region, find_regions, strongest_regions
from ml_core.hsi.metrics.roc import RocCurve, auc, roc_curve
from ml_core.hsi.metrics.score import MapScores, curves_of, score_map
from ml_core.hsi.metrics.three_d_roc import ThreeDRoc, three_d_roc
from ml_core.hsi.metrics.thresholds import quantile_threshold, robust_threshold

__all__ = [
    "MapScores",
    "MetricError",
    "Neighbour",
    "PrecisionRecallCurve",
    "Region",
    "RocCurve",
    "ThreeDRoc",
    "auc",
    "average_precision",
    "can_score",
    "curves_of",
    "find_regions",
    "nearest_background",
    "operating_points",
    "precision_recall_curve",
    "quantile_threshold",
    "robust_threshold",
    "roc_curve",
    "score_map",
    "strongest_regions",
    "three_d_roc",
]
