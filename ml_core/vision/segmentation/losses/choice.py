"""Which loss a configuration names."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ml_core.vision.segmentation.losses.cross_entropy import cross_entropy
from ml_core.vision.segmentation.losses.dice import dice

Loss = Callable[[Tensor, Tensor], Tensor]

#: The parts that are added, by the name of the configuration.
LOSSES: dict[str, dict[str, Loss]] = {
    "cross_entropy": {"cross_entropy": cross_entropy},
    "dice": {"dice": dice},
    "both": {"cross_entropy": cross_entropy, "dice": dice},
}
