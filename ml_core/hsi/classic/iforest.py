"""Isolation forest on the whitened principal components of the scene.

F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", ICDM 2008, doi 10.1109/ICDM.2008.17.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from sklearn import ensemble

from ml_core.hsi.classic.detector import Map, Progress, part, silent
from ml_core.hsi.classic.parameters import IsolationForestParameters
from ml_core.hsi.classic.pixels import measure
from ml_core.hsi.scene import Scene

#: Pixels that go through the trees at once: bounds their memory, and progress comes often enough to cancel.
_AT_ONCE: Final = 50_000


class IsolationForest:
    """How few random cuts separate a spectrum from the others; trees grow on 256 pixels each, as in the paper."""

    name: ClassVar[str] = "iforest"

    def __init__(self, parameters: IsolationForestParameters | None = None) -> None:
        self.parameters = parameters or IsolationForestParameters()

    def detect(
        self,
        scene: Scene | NDArray[Any],
        *,
        good_bands: NDArray[np.bool_] | None = None,
        progress: Progress | None = None,
        seed: int = 0,
    ) -> Map:
        """See ``Detector.detect``. Reads the scene twice and keeps its components, 4 bytes each a pixel."""
        progress = progress or silent
        pixels = measure(scene, good_bands, part(progress, 0, 0.1))
        axes, variances = pixels.principal_axes(self.parameters.components)
        white = pixels.project(axes / np.sqrt(variances), part(progress, 0.1, 0.2))
        points = white.reshape(-1, white.shape[2])
        whole = points if pixels.missing is None else points[~pixels.missing.ravel()]
        forest = ensemble.IsolationForest(n_estimators=self.parameters.trees, random_state=seed).fit(whole)
        scores = np.empty(len(points), dtype=np.float32)
        tell = part(progress, 0.2, 1)
        for start in range(0, len(points), _AT_ONCE):
            scores[start : start + _AT_ONCE] = -forest.score_samples(points[start : start + _AT_ONCE])
            tell(min(start + _AT_ONCE, len(points)) / len(points))
        return pixels.finish(scores.reshape(pixels.height, pixels.width))
