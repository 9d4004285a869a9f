"""Methods of the field that a learned classifier has to beat: fitted to the same survey, scored by the same rule."""

from ml_core.stellar.baselines.baseline import Baseline, BaselineError
from ml_core.stellar.baselines.chi_square import ChiSquare
from ml_core.stellar.baselines.random_forest import ColourForest, SpectrumForest
from ml_core.stellar.baselines.registry import BASELINES, BaselineName, load_baseline

__all__ = [
    "BASELINES",
    "Baseline",
    "BaselineError",
    "BaselineName",
    "ChiSquare",
    "ColourForest",
    "SpectrumForest",
    "load_baseline",
]
