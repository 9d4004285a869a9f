"""What an architecture says about its pictures and its answers, for weights that come without a ``weight.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from ml_core.graph import analyze
from ml_core.graph.settings import InputSettings, is_image_classifier, preprocessing_for
from ml_core.weights.errors import WeightFileError

_HUGE: Final = 1e6


@dataclass(frozen=True)
class ImageInput:
    """A classifier's number of classes, and how a picture becomes its input."""

    outputs: int
    preprocessing: dict[str, Any]


def image_input_of(document: Any, given: Mapping[str, Any]) -> ImageInput:
    """Read a graph's input and output.

    Args:
        document: The graph.
        given: ``mean``, ``std`` and ``resize`` where they differ from what training takes by default.

    Raises:
        GraphError: The graph has faults.
        ConfigError: ``given`` does not fit the graph's input.
        WeightFileError: The graph does not turn one picture into class scores, or ``given`` has a wrong key or value.
    """
    analysis = analyze(document)
    output = analysis.output_shape
    shape = next(iter(analysis.input_shapes.values()), [])
    sizes = [*shape[1:], *(output or [])[1:]]
    if not is_image_classifier(analysis) or output is None or not all(isinstance(size, int) for size in sizes):
        raise WeightFileError(
            "The architecture does not turn one picture of 1 or 3 channels into class scores.",
            code="weights.not_a_classifier", where="architecture_version",
            hint="Choose an architecture with one image input and one value for each class.",
        )  # fmt: skip
    try:
        settings = InputSettings.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _wrong(first["msg"], *first["loc"]) from error
    if not all(0 < deviation < _HUGE for deviation in settings.std or []):
        raise _wrong("deviations must be greater than 0", "std")
    if not all(abs(mean) < _HUGE for mean in settings.mean or []):
        raise _wrong("means must be finite", "mean")
    return ImageInput(int(output[1]), preprocessing_for(analysis, settings).as_dict())


def _wrong(reason: str, *where: str | int) -> WeightFileError:
    return WeightFileError(
        f"The preprocessing is wrong: {reason}.", code="weights.invalid_preprocessing",
        hint="Give mean and std with one number a channel, and resize in pixels or null.",
        where=".".join(("preprocessing", *map(str, where))),
    )  # fmt: skip
