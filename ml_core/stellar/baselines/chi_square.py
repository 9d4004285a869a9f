"""Template fitting: the class whose mean spectrum, times a quadratic in wavelength, fits best."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from ml_core.stellar.baselines.baseline import COUNT, Arrays, Baseline
from ml_core.stellar.baselines.flux_shape import Floats, flux_shape
from ml_core.stellar.spectra.resample import POINTS

#: Relative error that no template goes below: keeps a few bright stars from making the mean of a class.
_FLOOR: Final = 0.05
_BLOCK: Final = 512
_TERMS: Final = 3
_POWERS: Final = np.linspace(-1, 1, POINTS) ** np.arange(2 * _TERMS - 1)[:, None]


class ChiSquare(Baseline):
    """Least chi-square over one template for each class, as the pipelines of spectral surveys classify.

    A template is the inverse-variance-weighted mean of a class in the training survey. It is multiplied by a quadratic,
    which takes up reddening and errors of the flux calibration (Bolton et al. 2012, AJ 144, 144 add polynomials in the
    same spirit). Probabilities are exp(-chi2 / 2T) with errors scaled so that the best fit has a reduced chi-square of
    at most 1, and T chosen by likelihood on stars whose templates were made without them.
    """

    name = "chi2"
    title = "Chi-square fit of templates"

    def answerable(self, arrays: Arrays) -> NDArray[np.bool_]:
        """Stars with a spectrum."""
        return np.asarray(arrays["has_spectrum"], bool)

    def _fit(
        self, arrays: Arrays, rows: NDArray[np.int64], labels: NDArray[np.int64], seed: int
    ) -> dict[str, NDArray[Any]]:
        flux, ivar = flux_shape(arrays["flux"][rows], arrays["ivar"][rows])
        half = np.random.default_rng(seed).permutation(len(rows)) % 2 == 0
        distances = np.zeros((len(rows), COUNT))
        for learnt in (half, ~half):
            crossed = _templates(flux[learnt], ivar[learnt], labels[learnt])
            distances[~learnt] = _distances(flux[~learnt], ivar[~learnt], crossed)
        temperature = _best_temperature(distances, labels)
        return {"templates": _templates(flux, ivar, labels), "temperature": np.array([temperature])}

    def _predict(self, arrays: Arrays, rows: NDArray[np.int64]) -> Floats:
        found = np.zeros((len(rows), COUNT))
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            flux, ivar = flux_shape(arrays["flux"][block], arrays["ivar"][block])
            found[start : start + _BLOCK] = _distances(flux, ivar, self._tensors["templates"])
        return _softmax(-found / (2 * float(self._tensors["temperature"][0])))

    def _fault(self) -> str:
        held = {name: array.shape for name, array in self._tensors.items()}
        if held != {"templates": (COUNT, POINTS), "temperature": (1,)}:
            return "it has other arrays than templates and a temperature"
        return "" if float(self._tensors["temperature"][0]) > 0 else "its temperature is not positive"


def _templates(flux: Floats, ivar: Floats, labels: NDArray[np.int64]) -> Floats:
    """(5, 3522) mean spectra; rows of NaN for classes that do not occur."""
    weights = np.where(ivar > 0, 1 / (1 / np.where(ivar > 0, ivar, 1) + _FLOOR**2), 0)
    templates = np.full((COUNT, POINTS), np.nan)
    places = np.arange(POINTS)
    for label in np.unique(labels):
        total = weights[labels == label].sum(0)
        mean = (weights * flux)[labels == label].sum(0) / np.where(total > 0, total, 1)
        templates[label] = np.interp(places, places[total > 0], mean[total > 0])
    return templates


def _distances(flux: Floats, ivar: Floats, templates: Floats) -> Floats:
    """(N, 5) chi-square of the best template x quadratic above that of the best class; inf for unknown classes."""
    chi2 = np.full((len(flux), COUNT), np.inf)
    squared = (ivar * flux**2).sum(1)
    weighted = ivar * flux
    for label in np.flatnonzero(np.isfinite(templates).all(1)):
        template = templates[label]
        moments = ivar @ (template**2 * _POWERS).T
        matrix = moments[:, np.add.outer(np.arange(_TERMS), np.arange(_TERMS))]
        ridge = 1e-9 * np.trace(matrix, axis1=1, axis2=2)[:, None, None] + 1e-30
        right = weighted @ (template * _POWERS[:_TERMS]).T
        best = np.linalg.solve(matrix + ridge * np.eye(_TERMS), right[..., None])[..., 0]
        chi2[:, label] = squared - (best * right).sum(1)
    least = chi2.min(1, keepdims=True)
    freedom = np.maximum((ivar > 0).sum(1, keepdims=True) - _TERMS, 1)
    above: Floats = (chi2 - least) / np.maximum(least / freedom, 1)
    return above


def _best_temperature(distances: Floats, labels: NDArray[np.int64]) -> float:
    def cost(logarithm: float) -> float:
        right = _softmax(-distances / (2 * np.exp(logarithm)))[np.arange(len(labels)), labels]
        return -float(np.log(np.maximum(right, 1e-12)).mean())

    return float(np.exp(minimize_scalar(cost, bounds=(-2.0, 8.0), method="bounded").x))


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max(1, keepdims=True))
    total: Floats = raised / raised.sum(1, keepdims=True)
    return total
