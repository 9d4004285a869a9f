"""Augmentation of an image together with its boxes: the one function that training and preview go through."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from ml_core.data.augment import apply_seeded, augment_calls
from ml_core.data.augment_operations import Operation, RandAugment, Size
from ml_core.errors import ConfigError

if TYPE_CHECKING:
    import torch

#: A box with a side shorter than this shows nothing that could be learnt.
LEAST_SIDE: Final = 1.0


def augment_labelled(
    transform: Callable[..., Any], pixels: torch.Tensor, boxes: torch.Tensor, *, seed: int, epoch: int, index: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Run ``transform`` on an image and its boxes with this sample's own randomness.

    The pixels are the same as `apply_seeded` gives without boxes: draws do not depend on what is drawn upon.

    Args:
        transform: From `build_transform`.
        pixels: uint8 (C, H, W).
        boxes: float (N, 4), left, top, right, bottom in pixels.
        seed: The run's seed.
        epoch: The epoch.
        index: Position in the list of training images.

    Returns:
        The pixels uint8 (C, height, width); the boxes that are left, float32 (M, 4), cut at the edges; and which ones
        they are, int64 (M) into ``boxes``. A box that was turned is the upright box around it.
    """
    with _without_notes():
        image, found = apply_seeded(
            lambda sample: transform(*sample), _wrapped(pixels, boxes), seed=seed, epoch=epoch, index=index
        )
    return _unwrapped(image, found)


def refuse_pixel_only(ops: Sequence[Operation]) -> None:
    """Refuse operations that move pixels about without telling where.

    Raises:
        ConfigError: ``augment.no_boxes``; ``where`` is the operation.
    """
    for number, operation in enumerate(ops):
        if isinstance(operation, RandAugment):
            raise ConfigError(
                "RandAugment turns and shifts the image without its boxes.", code="augment.no_boxes",
                hint="Choose operations one by one instead.", where=f"augment[{number}]",
            )  # fmt: skip


def losses_of_operations(
    ops: Sequence[Operation],
    size: Size | None,
    pixels: torch.Tensor,
    boxes: torch.Tensor,
    *,
    seed: int,
    epoch: int,
    index: int,
) -> tuple[int, list[int]]:
    """How many boxes the way to the network's size and each operation lose, with the draws of `augment_labelled`.

    Args:
        ops: The operations.
        size: (height, width) that the network takes, for operations that cut to it.
        pixels: As in `augment_labelled`.
        boxes: As in `augment_labelled`.
        seed: As in `augment_labelled`.
        epoch: As in `augment_labelled`.
        index: As in `augment_labelled`.

    Returns:
        What resizing loses, and a number for each of ``ops``; a box that is lost is not counted again.
    """
    lost = []

    def one_after_another(sample: Any) -> Any:
        kept = len(boxes)
        for call in augment_calls(ops, size):
            sample = call.build()(*sample)
            left = min(kept, int(_usable(sample[1]).sum()))
            lost.append(kept - left)
            kept = left
        return sample

    with _without_notes():
        apply_seeded(one_after_another, _wrapped(pixels, boxes), seed=seed, epoch=epoch, index=index)
    before = len(lost) - len(ops)
    return sum(lost[:before]), lost[before:]


@contextmanager
def _without_notes() -> Iterator[None]:
    """An operation that leaves boxes where they are says so each time."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*passing through inputs of type")
        yield


def _wrapped(pixels: torch.Tensor, boxes: torch.Tensor) -> Any:
    from torchvision import tv_tensors

    height, width = pixels.shape[-2:]
    known: Any = tv_tensors.BoundingBoxes
    return tv_tensors.Image(pixels), known(boxes.reshape(-1, 4).float(), format="XYXY", canvas_size=(height, width))


def _usable(boxes: Any) -> torch.Tensor:
    from torchvision.transforms.v2.functional import clamp_bounding_boxes

    corners = clamp_bounding_boxes(boxes).as_subclass(_plain())
    usable: torch.Tensor = ((corners[:, 2:] - corners[:, :2]) >= LEAST_SIDE).all(dim=1)
    return usable


def _unwrapped(image: Any, boxes: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    from torchvision.transforms.v2.functional import clamp_bounding_boxes

    kept = _usable(boxes).nonzero().flatten()
    corners = clamp_bounding_boxes(boxes).as_subclass(_plain())
    return image.as_subclass(_plain()), corners[kept], kept


def _plain() -> Any:
    import torch

    return torch.Tensor
