"""Which samples form which batch, from seed and epoch alone; and how batches reach the loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from ml_core.engine.device import available_cores
from ml_core.engine.task import IndexedData
from ml_core.errors import CodedError
from ml_core.run.seeds import mix

_MAX_AUTOMATIC_WORKERS = 8


def count_batches(samples: int, batch_size: int) -> int:
    """Batches in an epoch. A last batch of one sample is left out: batch norm cannot learn from one."""
    full, rest = divmod(samples, batch_size)
    return full + (1 if rest > 1 or (rest == 1 and full == 0) else 0)


def epoch_order(seed: int, epoch: int, samples: int) -> list[int]:
    """The order of the training samples in an epoch, the same on every machine."""
    generator = torch.Generator().manual_seed(mix(seed, "order", epoch))
    order: list[int] = torch.randperm(samples, generator=generator).tolist()
    return order


def epoch_batches(seed: int, epoch: int, samples: int, batch_size: int) -> list[list[int]]:
    """The batches of an epoch as positions in the training data."""
    order = epoch_order(seed, epoch, samples)
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(count_batches(samples, batch_size))]


def share(batch: Sequence[int], rank: int, world_size: int) -> list[int]:
    """This process's part of a batch. A part is never empty: a short batch is repeated from its start."""
    if world_size == 1:
        return list(batch)
    return list(batch[rank::world_size]) or [batch[rank % len(batch)]]


def ordered_batches(samples: int, batch_size: int) -> list[list[int]]:
    """All samples in their own order, for validation."""
    return [list(range(start, min(start + batch_size, samples))) for start in range(0, samples, batch_size)]


class _Batches(Dataset[Any]):
    """Shows indexed data to the data loader as a set of whole batches."""

    def __init__(self, data: IndexedData, batches: Sequence[Sequence[int]], epoch: int) -> None:
        self._data = data
        self._batches = batches
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, position: int) -> Any:
        try:
            return self._data.batch(self._batches[position], self._epoch)
        except CodedError as error:
            # Thrown in a worker it would arrive with the worker's traceback as its message.
            return _Fault(error)


@dataclass(frozen=True)
class _Fault:
    error: CodedError


def load_batches(
    data: IndexedData, batches: Sequence[Sequence[int]], epoch: int, *, workers: int | None, pin_memory: bool
) -> Iterator[Any]:
    """Batches in the given order, prepared by other processes where the data ask for it.

    The loader has a generator of its own, so that reading data never draws from the global one.
    """
    if workers is None:
        workers = min(_MAX_AUTOMATIC_WORKERS, max(1, available_cores() - 1)) if data.prefers_workers else 0
    workers = min(workers, len(batches))
    if workers == 0 and not pin_memory:
        return (data.batch(batch, epoch) for batch in batches)
    loader = DataLoader(
        _Batches(data, batches, epoch),
        batch_size=None,
        num_workers=workers,
        pin_memory=pin_memory,
        generator=torch.Generator().manual_seed(0),
    )
    return _raise_faults(loader)


def _raise_faults(loader: Iterable[Any]) -> Iterator[Any]:
    for batch in loader:
        if isinstance(batch, _Fault):
            raise batch.error
        yield batch
