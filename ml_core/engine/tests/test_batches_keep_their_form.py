from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ml_core.engine.device import move


class _Batch(NamedTuple):
    pixels: Tensor
    names: list[str]


def test_a_batch_keeps_its_form_on_its_way_to_a_device() -> None:
    batch = _Batch(torch.ones(2), ["a"])
    moved = move({"one": batch, "two": (torch.zeros(1), [torch.ones(3)])}, torch.device("meta"))
    assert isinstance(moved["one"], _Batch)
    assert moved["one"].pixels.device.type == "meta"
    assert moved["one"].names == ["a"]
    assert moved["two"][1][0].device.type == "meta"
