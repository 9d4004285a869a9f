"""What every classic detector looks like from outside, and how it tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import CodedError
from ml_core.hsi.scene import Scene

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Map = NDArray[np.float32]

#: Called with the share done, 0 to 1, a few times a second; whatever it raises ends the detection.
Progress = Callable[[float], None]


class DetectorError(CodedError):
    """A detector cannot work on this scene with these parameters."""

    default_code = "hsi.detector"


class Detector(Protocol):
    """Turns a scene into a map without labels."""

    name: ClassVar[str]

    def detect(
        self,
        scene: Scene | NDArray[Any],
        *,
        good_bands: NDArray[np.bool_] | None = None,
        progress: Progress | None = None,
        seed: int = 0,
    ) -> Map:
        """Score every pixel.

        Args:
            scene: A scene, or a cube (H, W, B) of any real type, possibly mapped from a file.
            good_bands: (B,) bool, bands that may be used; those of the scene when None.
            progress: Told the share done; raises to cancel.
            seed: For detectors that draw at random; the others ignore it.

        Returns:
            (H, W) float32, larger = more anomalous, finite. Pixels with missing values get the map's minimum.

        Raises:
            SceneError: No band varies, or no pixel is whole.
            DetectorError: The scene is too small for the parameters.
        """


def silent(_share: float) -> None:
    """The progress of somebody who does not ask."""


def part(progress: Progress, low: float, high: float) -> Progress:
    """The progress of a stage that takes the whole from ``low`` to ``high``."""
    return lambda share: progress(low + (high - low) * share)
