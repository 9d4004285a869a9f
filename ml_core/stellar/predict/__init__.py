"""Use of trained classifiers: recipe ``stellar.predict``, single uploads, and what an answer rests on.

Free of torch until a classifier is loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ml_core.stellar.predict.classification import Classification

if TYPE_CHECKING:
    from ml_core.stellar.predict.classifier import Classifier

__all__ = ["Classification", "load_classifier"]


def load_classifier(folder: Path | str, device: str = "cpu") -> Classifier:
    """The classifier in a weight folder, or in the run directory that made one.

    Raises:
        WeightFileError: The folder is incomplete or damaged, or its model is for another task, for other classes or
            for another grid of wavelengths.
        WeightMismatchError: The tensors do not fit the settings beside them.
    """
    from ml_core.stellar.predict.classifier import Classifier

    return Classifier.load(Path(folder), device)
