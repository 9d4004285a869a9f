"""Augmentation: one list of operations that the form, the training, the preview and the generated code all read.

A transform maps a uint8 tensor (C, H, W) with C = 1 or 3 to a uint8 tensor of the size that the network takes. All
randomness comes from torch's CPU generator, which `apply_seeded` sets from (seed, epoch, index): what the preview shows
for a sample is what training yields for it.

torch is imported inside the functions that build, because the web process reads the catalogue and must stay small.

Example:
    >>> ops = parse_ops([{"op": "RandomHorizontalFlip"}, {"op": "RandomResizedCrop", "scale": [0.6, 1.0]}])
    >>> transform = build_transform(ops, size=(64, 64))
    >>> sample = apply_seeded(transform, pixels, seed=7, epoch=0, index=12)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from ml_core.data.augment_operations import (
    OPERATIONS,
    AugmentOp,
    AugmentOps,
    Call,
    Operation,
    RandomResizedCrop,
    Size,
)
from ml_core.errors import ConfigError
from ml_core.run.seeds import mix

if TYPE_CHECKING:
    import torch

__all__ = [
    "PRESETS", "AugmentOp", "AugmentOps", "apply_seeded", "augment_calls", "augment_source", "build_transform",
    "catalogue", "parse_ops", "sample_seed",
]  # fmt: skip

_ADAPTER: Final = TypeAdapter[list[AugmentOp]](AugmentOps)

#: Starting points for forms, weakest first.
PRESETS: Final[dict[str, list[dict[str, Any]]]] = {
    "none": [],
    "light": [{"op": "RandomHorizontalFlip"}],
    "standard": [
        {"op": "RandomResizedCrop", "scale": [0.6, 1.0]},
        {"op": "RandomHorizontalFlip"},
        {"op": "ColorJitter"},
    ],
    "strong": [
        {"op": "RandomResizedCrop", "scale": [0.3, 1.0]},
        {"op": "RandomHorizontalFlip"},
        {"op": "RandAugment"},
        {"op": "RandomErasing"},
    ],
    "digits": [{"op": "RandomAffine", "degrees": 10.0, "translate": [0.1, 0.1], "scale": [0.9, 1.1]}],
}


def catalogue() -> list[dict[str, Any]]:
    """Every operation for forms: name, title, summary and the JSON schema of its parameters."""
    listed = []
    for operation in OPERATIONS:
        schema = operation.model_json_schema()
        schema["properties"].pop("op")
        listed.append(
            {"op": operation.__name__, "title": operation.title, "summary": operation.summary, "schema": schema}
        )
    return listed


def parse_ops(data: object) -> list[AugmentOp]:
    """Check a list of operations that came as JSON.

    Raises:
        ConfigError: Names the first faulty operation and key in ``where``, such as ``augment[1].p``.
    """
    try:
        return _ADAPTER.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        names = {operation.__name__ for operation in OPERATIONS}
        keys = [key for key in first["loc"] if key not in names]  # pydantic puts the chosen operation into the path
        where = "augment" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
        hint = f"Known operations: {', '.join(sorted(names))}." if "union_tag" in first["type"] else ""
        raise ConfigError(f"{where}: {first['msg']}.", code="augment.invalid", hint=hint, where=where) from error


def augment_calls(ops: Sequence[Operation], size: Size | None = None, *, resize: int | None = None) -> list[Call]:
    """The torchvision calls in order. The one place that decides how an image gets its final size.

    A ``RandomResizedCrop`` among the operations sets the size itself. Otherwise the image is brought to ``size`` before
    all operations: stretched, or, with ``resize``, scaled until its shorter side is ``resize`` and cut at the centre.

    Args:
        ops: Operations from `parse_ops` or from a recipe's configuration.
        size: (height, width) that the network takes; None leaves the size of the image alone.
        resize: Shorter side before a centre crop, in pixels.
    """
    calls = [operation.call(size) for operation in ops]
    if size is None or any(isinstance(operation, RandomResizedCrop) for operation in ops):
        return calls
    if resize is None:
        return [Call("Resize", {"size": size, "antialias": True}), *calls]
    return [Call("Resize", {"size": [resize], "antialias": True}), Call("CenterCrop", {"size": size}), *calls]


def augment_source(
    ops: Sequence[Operation], size: Size | None = None, *, resize: int | None = None, indent: int = 0
) -> str:
    """The transform of `build_transform` as a Python expression that needs ``from torchvision.transforms import v2``.

    Args:
        ops: As in `augment_calls`.
        size: As in `augment_calls`.
        resize: As in `augment_calls`.
        indent: Spaces before each line but the first.
    """
    calls = augment_calls(ops, size, resize=resize)
    if not calls:
        return "v2.Identity()"
    margin = " " * indent
    lines = "".join(f"{margin}    {call.source(indent + 4)},\n" for call in calls)
    return f"v2.Compose([\n{lines}{margin}])"


def build_transform(
    ops: Sequence[Operation], size: Size | None = None, *, resize: int | None = None
) -> Callable[[torch.Tensor], torch.Tensor]:
    """The transform: uint8 (C, H, W) to uint8 (C, height, width). Imports torch; arguments as `augment_calls`."""
    from torchvision.transforms import v2

    calls = augment_calls(ops, size, resize=resize)
    transform: Callable[[torch.Tensor], torch.Tensor]
    transform = v2.Compose([call.build() for call in calls]) if calls else v2.Identity()
    return transform


def sample_seed(seed: int, epoch: int, index: int) -> int:
    """The seed of one sample in one epoch; ``index`` is its position in the list of training images."""
    return mix(seed, "sample", epoch, index)


def apply_seeded(
    transform: Callable[[torch.Tensor], torch.Tensor], pixels: torch.Tensor, *, seed: int, epoch: int, index: int
) -> torch.Tensor:
    """Run ``transform`` with this sample's own randomness and leave torch's generators as they were."""
    import torch

    with torch.random.fork_rng(devices=[]):
        # Only the CPU generator: torch.manual_seed would also reset the ones of the GPUs, which fork_rng(devices=[])
        # does not put back, and dropout on the GPU would repeat itself.
        torch.default_generator.manual_seed(sample_seed(seed, epoch, index))
        return transform(pixels)
