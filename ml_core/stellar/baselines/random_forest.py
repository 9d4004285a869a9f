"""Random forests on binned spectra and on colours."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.stellar.baselines.baseline import Arrays, Baseline
from ml_core.stellar.baselines.flux_shape import Floats, binned, flux_shape
from ml_core.stellar.baselines.forest import evaluate, fault, grow
from ml_core.stellar.spectra.resample import POINTS

_BLOCK: Final = 1024
BIN_WIDTH: Final = 8


class _Forest(Baseline):
    width: ClassVar[int]

    @abstractmethod
    def features(self, arrays: Arrays, rows: NDArray[np.int64]) -> Floats:
        """(len(rows), width), NaN where unknown."""

    def _fit(
        self, arrays: Arrays, rows: NDArray[np.int64], labels: NDArray[np.int64], seed: int
    ) -> dict[str, NDArray[Any]]:
        return grow(self.features(arrays, rows), labels, seed)

    def _predict(self, arrays: Arrays, rows: NDArray[np.int64]) -> Floats:
        return evaluate(self._tensors, self.features(arrays, rows))

    def _fault(self) -> str:
        return fault(self._tensors, self.width)


class SpectrumForest(_Forest):
    """A forest on 440 bins of 8 pixels of the spectrum's shape."""

    name = "random_forest"
    title = "Random forest on spectra"
    width = POINTS // BIN_WIDTH

    def answerable(self, arrays: Arrays) -> NDArray[np.bool_]:
        """Stars with a spectrum."""
        return np.asarray(arrays["has_spectrum"], bool)

    def features(self, arrays: Arrays, rows: NDArray[np.int64]) -> Floats:
        """Means of the bins."""
        found = np.zeros((len(rows), self.width))
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            shape, weights = flux_shape(arrays["flux"][block], arrays["ivar"][block])
            found[start : start + _BLOCK] = binned(shape, weights, BIN_WIDTH)
        return found


class ColourForest(_Forest):
    """A forest on the colours g - r, r - i, i - z of the catalogue.

    u is left out: simulated surveys draw it from the class, so that it would tell the answer.
    """

    name = "colours"
    title = "Random forest on colours"
    width = 3

    def answerable(self, arrays: Arrays) -> NDArray[np.bool_]:
        """Stars with at least one colour."""
        found = self.features(arrays, np.arange(len(arrays["magnitudes"])))
        return np.asarray(np.isfinite(found).any(1))

    def features(self, arrays: Arrays, rows: NDArray[np.int64]) -> Floats:
        """Differences of neighbouring bands."""
        bands = np.asarray(arrays["magnitudes"][rows], np.float64)[:, 1:]
        return bands[:, :-1] - bands[:, 1:]
