"""Boxes go where their pixels go, with the very draws that training makes without them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ml_core.data.augment import PRESETS, apply_seeded, build_transform, parse_ops
from ml_core.data.augment_labels import augment_labelled, losses_of_operations, refuse_pixel_only
from ml_core.errors import ConfigError

GEOMETRY = ("RandomHorizontalFlip", "RandomVerticalFlip", "RandomResizedCrop", "RandomAffine", "RandomPerspective",
            "RandomRotation", "RandomErasing", "ColorJitter", "GaussianBlur")  # fmt: skip


def spot(left: int, top: int, right: int, bottom: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A black image with one white rectangle, and its box."""
    pixels = torch.zeros(3, 80, 120, dtype=torch.uint8)
    pixels[:, top:bottom, left:right] = 255
    return pixels, torch.tensor([[left, top, right, bottom]], dtype=torch.float32)


@pytest.mark.parametrize("op", ["RandomHorizontalFlip", "RandomVerticalFlip", "RandomResizedCrop", "RandomAffine"])
def test_a_box_stays_around_its_pixels(op: str) -> None:
    transform = build_transform(parse_ops([{"op": op}]), (64, 96))
    pixels, boxes = spot(40, 30, 70, 60)
    for index in range(12):
        image, found, kept = augment_labelled(transform, pixels, boxes, seed=3, epoch=0, index=index)
        rows, columns = torch.nonzero(image[0] > 127, as_tuple=True)
        assert kept.tolist() == [0]
        drawn = torch.tensor([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).float()
        assert (found[0] - drawn).abs().max() <= 2


@pytest.mark.parametrize("op", GEOMETRY)
def test_pixels_are_those_of_training_without_boxes(op: str) -> None:
    transform = build_transform(parse_ops([{"op": op}]), (32, 32))
    pixels = torch.randint(0, 256, (3, 40, 50), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    boxes = torch.tensor([[3.0, 4, 20, 30], [25, 5, 49, 39]])
    for index in range(4):
        plain = apply_seeded(transform, pixels, seed=1, epoch=2, index=index)
        image, _, _ = augment_labelled(transform, pixels, boxes, seed=1, epoch=2, index=index)
        assert type(image) is torch.Tensor
        assert torch.equal(image, plain)


def test_what_each_operation_loses_adds_up_to_what_is_lost() -> None:
    ops = parse_ops([{"op": "RandomAffine", "translate": [0.9, 0.9]}, {"op": "RandomResizedCrop", "scale": [0.1, 0.2]}])
    pixels = torch.zeros(3, 60, 60, dtype=torch.uint8)
    grid = [[x, y, x + 6, y + 6] for x in range(0, 60, 10) for y in range(0, 60, 10)]
    boxes = torch.tensor(grid, dtype=torch.float32)
    transform = build_transform(ops, (32, 32))
    seen: list[Any] = []
    for index in range(6):
        _, _, kept = augment_labelled(transform, pixels, boxes, seed=0, epoch=0, index=index)
        resized, by_op = losses_of_operations(ops, (32, 32), pixels, boxes, seed=0, epoch=0, index=index)
        assert resized == 0
        assert sum(by_op) == len(boxes) - len(kept)
        seen.append(by_op)
    assert all(any(entry[n] for entry in seen) for n in range(2))


def test_boxes_that_a_small_network_cannot_see_are_lost_by_resizing() -> None:
    pixels, boxes = spot(10, 10, 12, 12)
    ops = parse_ops([{"op": "RandomHorizontalFlip"}])
    assert losses_of_operations(ops, (16, 16), pixels, boxes, seed=0, epoch=0, index=0) == (1, [0])


def test_no_boxes_are_as_good_as_some() -> None:
    pixels, _ = spot(1, 1, 5, 5)
    image, found, kept = augment_labelled(build_transform([]), pixels, torch.zeros(0, 4), seed=0, epoch=0, index=0)
    assert torch.equal(image, pixels)
    assert found.shape == (0, 4)
    assert kept.shape == (0,)


def test_operations_without_a_way_for_boxes_are_refused_by_name() -> None:
    for operations in PRESETS.values():
        names = [operation["op"] for operation in operations]
        if "RandAugment" not in names:
            refuse_pixel_only(parse_ops(operations))
    with pytest.raises(ConfigError) as refused:
        refuse_pixel_only(parse_ops([{"op": "ColorJitter"}, {"op": "RandAugment"}]))
    assert (refused.value.code, refused.value.where) == ("augment.no_boxes", "augment[1]")
