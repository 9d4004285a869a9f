"""What the exported package needs to know beside the graph. Free of torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ml_core.data.augment_operations import AugmentOps
from ml_core.engine.config import FitConfig
from ml_core.errors import ConfigError, GraphError
from ml_core.graph.analysis import Analysis

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class InputSettings(BaseModel):
    """How images become the input, as in the configuration of a training."""

    model_config = ConfigDict(extra="forbid")

    resize: int | None = Field(None, ge=1, le=8192)
    mean: list[float] | None = Field(None, min_length=1, max_length=3)
    std: list[float] | None = Field(None, min_length=1, max_length=3)


class PackageSettings(BaseModel):
    """Settings of an export. The keys are those of a training's configuration, with the classes beside them.

    Attributes:
        classes: Names of the classes; numbered names when not given.
        mosaic: Of a detector: share of the training images that are put together from four.
        threshold: Of a detector: probability from which on a box is told.
        facts: Plain JSON that is kept in ``config.json`` as it is: where data and weights came from.
    """

    model_config = ConfigDict(extra="forbid")

    classes: list[str] | None = Field(None, min_length=1, max_length=100_000)
    seed: int = Field(0, ge=0, le=2**53 - 1)
    input: InputSettings = InputSettings()
    augment: AugmentOps = []
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    mosaic: float = Field(0.0, ge=0, le=1)
    threshold: float | None = Field(None, ge=0, le=1)
    fit: FitConfig = FitConfig()
    facts: dict[str, Any] = {}

    @field_validator("classes", "facts")
    @classmethod
    def _can_be_written(cls, value: object) -> object:
        try:
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError("must be plain JSON in valid Unicode") from error
        return value


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How an image becomes the tensor that a network takes; the keys of ``preprocessing`` in a ``weight.json``."""

    mode: Literal["RGB", "L"]
    size: tuple[int, int]
    resize: int | None
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "mode": self.mode,
            "size": list(self.size),
            "resize": self.resize,
            "crop": None if self.resize is None else "center",
            "mean": list(self.mean),
            "std": list(self.std),
        }


def read_settings(settings: Mapping[str, Any] | PackageSettings | None) -> PackageSettings:
    """Check the settings of an export.

    Raises:
        ConfigError: ``where`` names the first faulty key.
    """
    if isinstance(settings, PackageSettings):
        return settings
    try:
        return PackageSettings.model_validate(dict(settings or {}))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(key) for key in first["loc"])
        raise ConfigError(f"{where}: {first['msg']}.", code="export.invalid", where=where) from error


def is_image_classifier(analysis: Analysis) -> bool:
    """Whether the graph takes one image of 1 or 3 channels and returns one value per class."""
    shapes = list(analysis.input_shapes.values())
    output = analysis.output_shape
    return (
        len(shapes) == 1 and len(shapes[0]) == 4 and shapes[0][1] in (1, 3) and output is not None and len(output) == 2
    )


def class_names(analysis: Analysis, settings: PackageSettings) -> list[str]:
    """The names of the classes, as many as the output has values.

    Raises:
        GraphError: Their number is not that of the outputs.
    """
    assert analysis.output_shape is not None
    count = int(analysis.output_shape[-1])
    names = settings.classes or [f"class {label}" for label in range(count)]
    if len(names) != count:
        raise GraphError(
            f"The network gives {count} values but there are {len(names)} classes.",
            code="graph.class_count",
            hint=f"Let the last layer have {len(names)} outputs.",
            where="output",
        )
    return names


def preprocessing_for(analysis: Analysis, settings: InputSettings) -> Preprocessing:
    """Size and colour space from the graph's input, the rest from the settings or by rule.

    Raises:
        ConfigError: ``mean`` and ``std`` have another number of channels, or ``resize`` is smaller than the input.
    """
    channels, height, width = (int(axis) for axis in next(iter(analysis.input_shapes.values()))[1:])
    mean = tuple(settings.mean or (IMAGENET_MEAN if channels == 3 else (0.5,)))
    std = tuple(settings.std or (IMAGENET_STD if channels == 3 else (0.5,)))
    if not len(mean) == len(std) == channels:
        raise ConfigError(
            f"mean and std need {channels} values, one per channel.", code="export.invalid", where="input.mean"
        )
    if settings.resize is not None and settings.resize < max(height, width):
        raise ConfigError(
            f"resize is {settings.resize} but must be at least {max(height, width)}, the size of the input.",
            code="export.invalid",
            where="input.resize",
        )
    return Preprocessing("RGB" if channels == 3 else "L", (height, width), settings.resize, mean, std)
