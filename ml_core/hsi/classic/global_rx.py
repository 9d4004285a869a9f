"""Global RX: the Mahalanobis distance of every spectrum to the scene.

I. S. Reed, X. Yu, "Adaptive Multiple-Band CFAR Detection of an Optical Pattern with Unknown Spectral Distribution",
IEEE Transactions on Acoustics, Speech, and Signal Processing 38(10), 1990, doi 10.1109/29.60107.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from ml_core.hsi.classic.detector import Floats, Map, Progress, part, silent
from ml_core.hsi.classic.parameters import GlobalRXParameters
from ml_core.hsi.classic.pixels import Pixels, measure, row_blocks
from ml_core.hsi.scene import Scene

#: Share of the mean variance added to every direction where there are fewer pixels than bands. Without it every pixel
#: is equally far from the mean of so few.
_LOADING: Final = 0.01


class GlobalRX:
    """(x - mean)^T covariance^-1 (x - mean), with the mean and covariance of the whole scene."""

    name: ClassVar[str] = "global_rx"

    def __init__(self, parameters: GlobalRXParameters | None = None) -> None:
        self.parameters = parameters or GlobalRXParameters()

    def detect(
        self,
        scene: Scene | NDArray[Any],
        *,
        good_bands: NDArray[np.bool_] | None = None,
        progress: Progress | None = None,
        seed: int = 0,
    ) -> Map:
        """See ``Detector.detect``. Reads the scene twice."""
        progress = progress or silent
        pixels = measure(scene, good_bands, part(progress, 0, 0.5))
        whitening = whitening_of(pixels)
        scores = np.empty((pixels.height, pixels.width))
        tell = part(progress, 0.5, 1)
        for start, stop in row_blocks(pixels.cube.shape):
            white = (pixels.rows(start, stop) - pixels.mean) @ whitening
            np.einsum("ijk,ijk->ij", white, white, out=scores[start:stop])
            tell(stop / pixels.height)
        return pixels.finish(scores)


def whitening_of(pixels: Pixels) -> Floats:
    """(K, R) matrix that turns centred spectra into uncorrelated ones of unit variance.

    Bands are brought to one scale first, so that what counts as no variance does not depend on their units. Directions
    without variance are left out, which makes the product the pseudo-inverse of the covariance.
    """
    sigma = np.sqrt(np.diag(pixels.covariance))
    correlation = pixels.covariance / np.outer(sigma, sigma)
    if pixels.whole <= len(sigma):
        correlation[np.diag_indices_from(correlation)] += _LOADING
    variances, axes = linalg.eigh(correlation)
    # Rounding leaves about eps of the strongest; a factor for the sums over many pixels.
    known = variances > variances[-1] * len(variances) * 10 * np.finfo(np.float64).eps
    whitening: Floats = axes[:, known] / (sigma[:, None] * np.sqrt(variances[known]))
    return whitening
