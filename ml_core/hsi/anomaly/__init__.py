"""Stage 3: what does not belong where it is."""

from ml_core.hsi.anomaly.detector import HSIAnomalyDetector
from ml_core.hsi.anomaly.heads import OneClassHead, compute_lm_nll_scores, compute_recon_error

__all__ = ["HSIAnomalyDetector", "OneClassHead", "compute_lm_nll_scores", "compute_recon_error"]
