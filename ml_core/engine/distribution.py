"""One process or many: the same loop asks this object, which is a set of no-ops for a single process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn


class Single:
    """One process."""

    rank = 0
    world_size = 1
    local_rank = 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model to call in training steps."""
        return model

    def without_sync(self, model: nn.Module) -> AbstractContextManager[Any]:
        """Around backward passes whose gradients need not be shared yet."""
        return nullcontext()

    def agree(self, decision: int) -> int:
        """What rank 0 decided."""
        return decision

    def gather(self, rows: Tensor) -> Tensor:
        """Rows of all processes; their number may differ."""
        return rows

    def gather_json(self, value: Any) -> list[Any]:
        """A small JSON-able value of every process, by rank."""
        return [value]

    def sum(self, values: list[float]) -> list[float]:
        """Sums over all processes."""
        return values

    def wait(self) -> None:
        """Until all processes are here."""

    def close(self) -> None:
        """Leave the group."""


class Many(Single):
    """Several processes started by ``accelerate launch`` or ``torchrun``; gradients are averaged between them."""

    def __init__(self, wish: str) -> None:
        from accelerate import Accelerator  # costs a second, which a single process does not pay

        self._accelerator = Accelerator(cpu=wish == "cpu", mixed_precision="no")
        self.rank = int(self._accelerator.process_index)
        self.world_size = int(self._accelerator.num_processes)
        self.local_rank = int(self._accelerator.local_process_index)
        self._device = self._accelerator.device

    def wrap(self, model: nn.Module) -> nn.Module:
        wrapped: nn.Module = self._accelerator.prepare_model(model)
        return wrapped

    def without_sync(self, model: nn.Module) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = self._accelerator.no_sync(model)
        return context

    def agree(self, decision: int) -> int:
        shared = torch.tensor([decision], device=self._device)
        torch.distributed.broadcast(shared, src=0)
        return int(shared.item())

    def gather(self, rows: Tensor) -> Tensor:
        rows = rows.to(self._device)
        counts: Tensor = self._accelerator.gather(torch.tensor([len(rows)], device=self._device))
        longest = int(counts.max())
        padded = torch.cat([rows, rows.new_zeros((longest - len(rows), *rows.shape[1:]))])
        everything: Tensor = self._accelerator.gather(padded)
        starts = range(0, len(everything), max(1, longest))
        return torch.cat([everything[start : start + count] for start, count in zip(starts, counts, strict=False)])

    def gather_json(self, value: Any) -> list[Any]:
        encoded = torch.tensor(list(json.dumps(value).encode() + b"\0"), dtype=torch.uint8)
        everything = bytes(self.gather(encoded).tolist())
        return [json.loads(text) for text in everything.split(b"\0")[:-1]]

    def sum(self, values: list[float]) -> list[float]:
        total = torch.tensor(values, dtype=torch.float64, device=self._device)
        torch.distributed.all_reduce(total)
        summed: list[float] = total.tolist()
        return summed

    def wait(self) -> None:
        self._accelerator.wait_for_everyone()

    def close(self) -> None:
        self._accelerator.end_training()


@contextmanager
def join_group(wish: str) -> Iterator[Single]:
    """The processes that train together; told by the environment that the launcher sets."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Single()
        return
    group = Many(wish)
    try:
        yield group
    finally:
        group.close()
