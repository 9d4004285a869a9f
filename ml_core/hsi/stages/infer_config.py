"""Settings of maps. Free of torch."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from ml_core.run.config import RecipeConfig, option
from ml_core.run.machine_options import device_option, seed_option

SCENE, METHODS, MACHINE = "Scene", "Methods", "Machine"
ClassicName = Literal["global_rx", "local_rx", "crd", "iforest", "morphological"]


class InferConfig(RecipeConfig):
    """Map one scene by a trained detector, by classic methods, or by both."""

    scene: str = option(description="Scene folder or file.", group=SCENE, min_length=1, may_change=True)
    cube_key: str | None = option(
        None, description="Name of the cube in the file. Empty: find it.", group=SCENE, advanced=True
    )
    mask_path: str | None = option(
        None, description="File of the mask when it is another one.", group=SCENE, advanced=True, may_change=True
    )
    mask_key: str | None = option(
        None, description="Name of the mask in its file. Empty: find it.", group=SCENE, advanced=True
    )
    axis_order: str | None = option(
        None, description="Order of the axes in the file, such as BHW. Empty: find it.", group=SCENE, advanced=True
    )
    detector: str = option(
        "", description="Weight folder, or run, of hsi.anomaly. Empty: classic methods alone.", group=METHODS,
        may_change=True,
    )  # fmt: skip
    methods: list[ClassicName] = option(
        [], description="Classic methods: global_rx, local_rx, crd, iforest, morphological.", group=METHODS,
        max_length=20,
    )  # fmt: skip
    domain_id: int | None = option(
        None,
        description="Number of the sensor or scene in the encoder. Empty: what the scene says.",
        group=METHODS,
        advanced=True,
        ge=0,
    )
    regions: int = option(
        20, description="How many of the strongest regions to list.", group=METHODS, ge=0, le=1000, advanced=True
    )
    seed: int = seed_option(66)
    workers: int | None = option(
        None,
        description="Parts of the scene that are computed at once. Empty means one for each physical core.",
        group=MACHINE,
        ge=1,
        le=256,
        advanced=True,
        may_change=True,
    )
    device: str = device_option()

    @model_validator(mode="after")
    def _has_methods(self) -> InferConfig:
        if not self.detector and not self.methods:
            raise ValueError("give a detector or at least one classic method")
        if len(set(self.methods)) < len(self.methods):
            raise ValueError("each method can be named once")
        return self
