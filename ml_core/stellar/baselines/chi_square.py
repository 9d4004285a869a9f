"""Template fitting: the class of the template that, times a quadratic in wavelength, fits best."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from ml_core.stellar.baselines.baseline import COUNT, Arrays, Baseline
from ml_core.stellar.baselines.flux_shape import Floats, flux_shape
from ml_core.stellar.baselines.templates import make_templates, times_quadratic
from ml_core.stellar.spectra.resample import POINTS

#: Error of a template, as a part of the mean flux: no star is exactly any of them. Without it the brightest stars are
#: trusted far too much.
_TEMPLATE_ERROR: Final = 0.1
_BLOCK: Final = 512


class ChiSquare(Baseline):
    """Least chi-square over templates of the classes, as the pipelines of spectral surveys classify.

    The templates are means over stars of the training survey, four for each class, because stars of one class differ in
    metallicity (`make_templates`). Each is multiplied by a quadratic, which takes up reddening and errors of the flux
    calibration (Bolton et al. 2012, AJ 144, 144 add polynomials for the same reason). A class has the probability
    exp(-chi2 / 2T) of its best template; T is chosen by likelihood on stars whose templates were made without them.
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
            crossed = make_templates(flux[learnt], ivar[learnt], labels[learnt], seed)
            distances[~learnt] = _distances(flux[~learnt], ivar[~learnt], *crossed)
        templates, kinds = make_templates(flux, ivar, labels, seed)
        return {
            "templates": templates, "kinds": kinds, "temperature": np.array([_best_temperature(distances, labels)])
        }  # fmt: skip

    def _predict(self, arrays: Arrays, rows: NDArray[np.int64]) -> Floats:
        found = np.zeros((len(rows), COUNT))
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            flux, ivar = flux_shape(arrays["flux"][block], arrays["ivar"][block])
            found[start : start + _BLOCK] = _distances(flux, ivar, self._tensors["templates"], self._tensors["kinds"])
        return _softmax(-found / (2 * float(self._tensors["temperature"][0])))

    def _fault(self) -> str:
        held = {name: (array.shape, array.dtype.kind) for name, array in self._tensors.items()}
        count = len(self._tensors.get("kinds", ()))
        if held != {"templates": ((count, POINTS), "f"), "kinds": ((count,), "i"), "temperature": ((1,), "f")}:
            return "it has other arrays than templates, their classes and a temperature"
        if not set(self._tensors["kinds"].tolist()) <= set(range(COUNT)):
            return "a template is of another class"
        return "" if float(self._tensors["temperature"][0]) > 0 else "its temperature is not positive"


def _distances(flux: Floats, ivar: Floats, templates: Floats, kinds: NDArray[np.int64]) -> Floats:
    """(N, 5) chi-square of the best template of each class above that of the best of all; inf for absent classes."""
    weights = ivar / (1 + ivar * _TEMPLATE_ERROR**2)
    squared, weighted = (weights * flux**2).sum(1), weights * flux
    chi2 = np.full((len(flux), COUNT), np.inf)
    for template, kind in zip(templates, kinds, strict=True):
        _, explained = times_quadratic(template, weights, weighted)
        chi2[:, kind] = np.minimum(chi2[:, kind], squared - explained)
    above: Floats = chi2 - chi2.min(1, keepdims=True)
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
