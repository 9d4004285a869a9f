"""How well classes of stars are told, by one rule for training, prediction, benchmark and baselines.

The rule. A star's answer is the class of the highest probability, its confidence that probability. Stars without a
known class are not scored. Measures of N stars:

* ``macro_f1``: the mean over the classes **that occur among these stars** of F1 = 2 hits / (called so + being so).
* ``accuracy``: the share of right answers. ``within_one``: the share at most one sub-type away.
* ``ece``: expected calibration error (Naeini et al. 2015, AAAI), ten bins of equal width of the confidence: the mean
  over stars of the gap between their bin's accuracy and its mean confidence.

Groups: ``all``, ``low`` (S/N < 5) and ``high`` (`ml_core.stellar.spectra.snr`). A group without stars has None for each
measure. Errors are standard deviations over bootstrap samples of the stars (Efron 1979): what another draw of as many
stars would change, not what another training would.
"""

from ml_core.stellar.metrics.bootstrap import paired_difference
from ml_core.stellar.metrics.calibration import CalibrationBin, calibration_bins
from ml_core.stellar.metrics.confusion import ClassScores, class_scores, confusion_matrix
from ml_core.stellar.metrics.scores import GROUPS, MEASURES, GroupScores, group_masks, score, score_groups
from ml_core.stellar.metrics.tally import MetricError, answers

__all__ = [
    "GROUPS",
    "MEASURES",
    "CalibrationBin",
    "ClassScores",
    "GroupScores",
    "MetricError",
    "answers",
    "calibration_bins",
    "class_scores",
    "confusion_matrix",
    "group_masks",
    "paired_difference",
    "score",
    "score_groups",
]
