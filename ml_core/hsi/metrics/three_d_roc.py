"""3-D ROC analysis: the threshold as third axis tells target detection and background suppression apart.

C.-I. Chang, "An Effective Evaluation Tool for Hyperspectral Target Detection: 3D Receiver Operating Characteristic
Curve Analysis", IEEE Transactions on Geoscience and Remote Sensing 59(6), 2021, doi 10.1109/TGRS.2020.3021671.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.metrics.counts import Counts, count
from ml_core.hsi.metrics.roc import auc_of


@dataclass(frozen=True)
class ThreeDRoc:
    """Areas under the three projections of the 3-D ROC curve and what Chang derives from them.

    P_D, P_F and tau are detection rate, false alarm rate and threshold, the latter on the map scaled to 0..1. They
    depend on the shape of a map's histogram, not on its ranks alone: one pixel far above all others lowers
    ``auc_d_tau`` and ``auc_f_tau`` alike.

    Attributes:
        auc_d_f: Area under P_D over P_F, the usual AUC; effectiveness. Best 1.
        auc_d_tau: Area under P_D over tau; target detectability. Best 1.
        auc_f_tau: Area under P_F over tau; what is left of the background. Best 0.
        auc_td: Target detection, auc_d_f + auc_d_tau. Best 2.
        auc_bs: Background suppression, auc_d_f - auc_f_tau. Best 1.
        auc_tdbs: Both, auc_d_tau - auc_f_tau. Best 1.
        auc_odp: Overall detection probability, auc_d_tau + (1 - auc_f_tau). Best 2.
        auc_od: Overall detection, auc_d_f + auc_d_tau - auc_f_tau. Best 2.
        auc_snpr: Signal to noise probability ratio, auc_d_tau / auc_f_tau; None where the background is all zero.
    """

    auc_d_f: float
    auc_d_tau: float
    auc_f_tau: float
    auc_td: float
    auc_bs: float
    auc_tdbs: float
    auc_odp: float
    auc_od: float
    auc_snpr: float | None


def three_d_roc(scores: NDArray[Any], mask: NDArray[Any]) -> ThreeDRoc:
    """The measures of a map.

    The integral of P(score >= tau) over tau in 0..1 is the mean score, so two of the areas are exact without a curve.

    Args:
        scores: (H, W), larger = more anomalous. Scaled to 0..1 here; a constant map counts as all zero.
        mask: (H, W), 1 = anomaly.

    Raises:
        MetricError: See ``count``.
    """
    return three_d_roc_of(count(scores, mask), scores, mask)


def three_d_roc_of(counts: Counts, scores: NDArray[Any], mask: NDArray[Any]) -> ThreeDRoc:
    """The measures from counts of this map that are known already."""
    d_f = auc_of(counts)
    low = float(scores.min())
    span = float(scores.max()) - low
    marked = mask != 0
    d_tau, f_tau = (
        (float(np.mean(scores[part], dtype=np.float64)) - low) / span if span > 0 else 0.0 for part in (marked, ~marked)
    )
    return ThreeDRoc(
        auc_d_f=d_f,
        auc_d_tau=d_tau,
        auc_f_tau=f_tau,
        auc_td=d_f + d_tau,
        auc_bs=d_f - f_tau,
        auc_tdbs=d_tau - f_tau,
        auc_odp=d_tau + 1 - f_tau,
        auc_od=d_f + d_tau - f_tau,
        auc_snpr=d_tau / f_tau if f_tau > 0 else None,
    )
