"""The baselines by name."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from ml_core.stellar.baselines.baseline import Baseline, BaselineError, read_facts
from ml_core.stellar.baselines.chi_square import ChiSquare
from ml_core.stellar.baselines.random_forest import ColourForest, SpectrumForest

BaselineName = Literal["chi2", "random_forest", "colours"]

BASELINES: Final[dict[str, type[Baseline]]] = {kind.name: kind for kind in (ChiSquare, SpectrumForest, ColourForest)}


def load_baseline(folder: Path) -> Baseline:
    """The fitted baseline of a folder, whichever it is.

    Raises:
        BaselineError: ``stellar.baseline_invalid`` when it is missing, damaged or unknown.
    """
    name = str(read_facts(folder).get("name"))
    if name not in BASELINES:
        raise BaselineError(f'The baseline "{name}" is not known.', code="stellar.baseline_invalid",
                            hint="Fit it again.", where=folder.name)  # fmt: skip
    return BASELINES[name].load(folder)
