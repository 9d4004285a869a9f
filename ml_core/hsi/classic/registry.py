"""The list of classic detectors, light enough for a page; the code behind a name is imported when it is used."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ml_core.hsi.classic.detector import Detector, Map, Progress
from ml_core.hsi.classic.parameters import (
    CRDParameters,
    GlobalRXParameters,
    IsolationForestParameters,
    LocalRXParameters,
    MorphologicalParameters,
)
from ml_core.hsi.scene import Scene
from ml_core.run.config import RecipeConfig


@dataclass(frozen=True)
class ClassicMethod:
    """A detector before it is imported.

    Attributes:
        key: Name in maps, results and addresses; also that of its module in this package.
        class_name: Name of its class in that module.
        title: Short name for people.
        summary: One sentence that says what it calls anomalous.
        reference: The paper.
        parameters: Class of its parameters; ``parameters.model_json_schema()`` makes a form.
    """

    key: str
    class_name: str
    title: str
    summary: str
    reference: str
    parameters: type[RecipeConfig]

    def create(self, parameters: RecipeConfig | None = None) -> Detector:
        """The detector, with the parameters that hold for all scenes unless others are given."""
        module = importlib.import_module(f"ml_core.hsi.classic.{self.key}")
        return cast(Detector, getattr(module, self.class_name)(parameters or self.parameters()))

    def detect(
        self,
        scene: Scene | NDArray[Any],
        *,
        good_bands: NDArray[np.bool_] | None = None,
        progress: Progress | None = None,
        seed: int = 0,
        parameters: RecipeConfig | None = None,
    ) -> Map:
        """Create the detector and score every pixel; see ``Detector.detect``."""
        return self.create(parameters).detect(scene, good_bands=good_bands, progress=progress, seed=seed)


_METHODS: Final = (
    ClassicMethod(
        key="global_rx",
        class_name="GlobalRX",
        title="Global RX",
        summary="How far a spectrum lies from the mean of the scene, in units of the scene's covariance.",
        reference="I. S. Reed, X. Yu, IEEE Trans. Acoust., Speech, Signal Process. 38(10), 1990, doi 10.1109/29.60107",
        parameters=GlobalRXParameters,
    ),
    ClassicMethod(
        key="local_rx",
        class_name="LocalRX",
        title="Local RX",
        summary="How far a spectrum lies from the mean of the ring around it, in units of that ring's covariance.",
        reference="I. S. Reed, X. Yu, IEEE Trans. Acoust., Speech, Signal Process. 38(10), 1990, doi 10.1109/29.60107",
        parameters=LocalRXParameters,
    ),
    ClassicMethod(
        key="crd",
        class_name="CRD",
        title="Collaborative representation",
        summary="What a combination of the spectra in the ring around a pixel cannot explain of it.",
        reference="W. Li, Q. Du, IEEE Trans. Geosci. Remote Sens. 53(3), 2015, doi 10.1109/TGRS.2014.2343955",
        parameters=CRDParameters,
    ),
    ClassicMethod(
        key="iforest",
        class_name="IsolationForest",
        title="Isolation forest",
        summary="How few random cuts it takes to separate a spectrum from all others.",
        reference="F. T. Liu, K. M. Ting, Z.-H. Zhou, ICDM 2008, doi 10.1109/ICDM.2008.17",
        parameters=IsolationForestParameters,
    ),
    ClassicMethod(
        key="morphological",
        class_name="Morphological",
        title="Attribute and edge-preserving filters",
        summary="Small bright or dark structures in the strongest component of the scene.",
        reference="X. Kang et al., IEEE Trans. Geosci. Remote Sens. 55(10), 2017, doi 10.1109/TGRS.2017.2710145",
        parameters=MorphologicalParameters,
    ),
)

#: In the order in which reports list them.
CLASSIC: Final[dict[str, ClassicMethod]] = {method.key: method for method in _METHODS}
