"""Attribute and edge-preserving filters: small structures of the scene's strongest component.

After X. Kang, X. Zhang, S. Li, K. Li, J. Li, J. A. Benediktsson, "Hyperspectral Anomaly Detection With Attribute and
Edge-Preserving Filters", IEEE Transactions on Geoscience and Remote Sensing 55(10), 2017,
doi 10.1109/TGRS.2017.2710145. Their edge-preserving filter is replaced by the guided filter of K. He, J. Sun, X. Tang,
IEEE TPAMI 35(6), 2013, doi 10.1109/TPAMI.2012.213.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import morphology

from ml_core.hsi.classic.detector import Map, Progress, part, silent
from ml_core.hsi.classic.parameters import MorphologicalParameters
from ml_core.hsi.classic.pixels import measure
from ml_core.hsi.scene import Scene

Image = NDArray[np.float32]


class Morphological:
    """What area opening and closing remove from the first principal component, smoothed along its edges."""

    name: ClassVar[str] = "morphological"

    def __init__(self, parameters: MorphologicalParameters | None = None) -> None:
        self.parameters = parameters or MorphologicalParameters()

    def detect(
        self,
        scene: Scene | NDArray[Any],
        *,
        good_bands: NDArray[np.bool_] | None = None,
        progress: Progress | None = None,
        seed: int = 0,
    ) -> Map:
        """See ``Detector.detect``. Reads the scene twice and keeps one component of it."""
        progress = progress or silent
        pixels = measure(scene, good_bands, part(progress, 0, 0.4))
        axes, _ = pixels.principal_axes(1)
        image = pixels.project(axes, part(progress, 0.4, 0.7))[..., 0]
        image -= image.min()
        image /= image.max()
        residue = _residue(image, self.parameters.area)
        progress(0.9)
        scores = guided_filter(image, residue, self.parameters.radius, self.parameters.smoothing)
        progress(1)
        return pixels.finish(scores)


def _residue(image: Image, area: int) -> Image:
    """How much of each pixel belongs to bright or dark structures of fewer than ``area`` pixels."""
    closing: Any = morphology.area_closing
    opening: Any = morphology.area_opening
    result: Image = closing(image, area) - opening(image, area)
    return result


def guided_filter(guide: Image, image: Image, radius: int, smoothing: float) -> Image:
    """Smooth ``image`` but for the edges of ``guide``: locally it becomes a linear function of the guide.

    Args:
        guide: (H, W).
        image: (H, W).
        radius: Of the square window, in pixels.
        smoothing: Variance of the guide below which the window is flat (epsilon of the paper).
    """

    def mean(values: NDArray[Any]) -> NDArray[np.float64]:
        result: NDArray[np.float64] = ndimage.uniform_filter(values, 2 * radius + 1, output=np.float64, mode="reflect")
        return result

    mean_guide, mean_image = mean(guide), mean(image)
    covariance = mean(guide.astype(np.float64) * image) - mean_guide * mean_image
    variance = mean(guide.astype(np.float64) ** 2) - mean_guide**2
    slope = covariance / (variance + smoothing)
    offset = mean_image - slope * mean_guide
    return (mean(slope) * guide + mean(offset)).astype(np.float32)
