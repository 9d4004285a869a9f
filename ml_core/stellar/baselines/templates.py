"""Mean spectra of classes, and fitting them through a quadratic in wavelength."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml_core.stellar.baselines.flux_shape import Floats, binned
from ml_core.stellar.spectra.resample import POINTS

PER_CLASS: Final = 4
#: Stars that a template needs, so that its noise is well below theirs.
_LEAST: Final = 10
#: Relative error that no star goes below in a mean: keeps a few bright ones from making it.
_FLOOR: Final = 0.05
_BIN_WIDTH: Final = 40
_TERMS: Final = 3
_PLACES: Final = np.linspace(-1, 1, POINTS)
_POWERS: Final = _PLACES ** np.arange(2 * _TERMS - 1)[:, None]


def make_templates(
    flux: Floats, ivar: Floats, labels: NDArray[np.int64], seed: int
) -> tuple[Floats, NDArray[np.int64]]:
    """Up to four means for each class.

    Every star is divided by the quadratic that brings it closest to the mean of its class; k-means of what is left,
    weighted by how well it is known, divides the class.

    Args:
        flux: (N, 3522) as `flux_shape` gives it.
        ivar: (N, 3522).
        labels: (N,) 0..4.
        seed: Of k-means.

    Returns:
        (T, 3522) templates and (T,) their classes.
    """
    templates, kinds = [], []
    for label in np.unique(labels):
        rows = labels == label
        straight, weights = _straightened(flux[rows], ivar[rows])
        group = _groups(straight, weights, seed)
        for number in np.unique(group):
            templates.append(_mean(straight[group == number], weights[group == number]))
            kinds.append(label)
    return np.stack(templates), np.array(kinds, np.int64)


def times_quadratic(template: Floats, weights: Floats, weighted: Floats) -> tuple[Floats, Floats]:
    """Fit template x (a + b x + c x^2), x from -1 to 1, to many spectra by weighted least squares.

    Args:
        template: (3522,).
        weights: (N, 3522) inverse variances.
        weighted: (N, 3522) weights times flux.

    Returns:
        (N, 3) coefficients and (N,) by how much the fit lowers the chi-square.
    """
    moments = weights @ (template**2 * _POWERS).T
    matrix = moments[:, np.add.outer(np.arange(_TERMS), np.arange(_TERMS))]
    ridge = 1e-9 * np.trace(matrix, axis1=1, axis2=2)[:, None, None] + 1e-30  # for spectra with hardly a pixel
    right = weighted @ (template * _POWERS[:_TERMS]).T
    found = np.linalg.solve(matrix + ridge * np.eye(_TERMS), right[..., None])[..., 0]
    return found, (found * right).sum(1)


def _straightened(flux: Floats, ivar: Floats) -> tuple[Floats, Floats]:
    """Spectra of a class without the slow differences between them, and their weights."""
    weights = ivar / (1 + ivar * _FLOOR**2)
    found, _ = times_quadratic(_mean(flux, weights), weights, weights * flux)
    # Where noise bends the quadratic to nothing, the star stays as it is.
    curve = found @ _POWERS[:_TERMS]
    curve[(curve < 0.2).any(1)] = 1.0
    return flux / curve, weights * curve**2


def _groups(flux: Floats, weights: Floats, seed: int) -> NDArray[np.int64]:
    from sklearn.cluster import KMeans

    count = min(PER_CLASS, len(flux) // _LEAST)
    if count < 2:
        return np.zeros(len(flux), np.int64)
    known = weights.sum(1) / np.maximum((weights > 0).sum(1), 1)
    found = KMeans(count, n_init=5, random_state=seed).fit(binned(flux, weights, _BIN_WIDTH), sample_weight=known)
    return np.asarray(found.labels_, np.int64)


def _mean(flux: Floats, weights: Floats) -> Floats:
    """Weighted mean; gaps that no star covers are bridged."""
    total = weights.sum(0)
    mean = (weights * flux).sum(0) / np.where(total > 0, total, 1)
    places = np.arange(len(mean))
    bridged: Floats = np.interp(places, places[total > 0], mean[total > 0])
    return bridged
