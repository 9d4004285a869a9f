"""Classic anomaly detectors: no training, one setting for all scenes, the baseline of every report.

Importing this package is cheap; a detector's own libraries are imported when it is created.
"""

from ml_core.hsi.classic.detector import Detector, Progress
from ml_core.hsi.classic.registry import CLASSIC, ClassicMethod

__all__ = ["CLASSIC", "ClassicMethod", "Detector", "Progress"]
