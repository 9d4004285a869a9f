"""Asks a predictor about batches of images, while the next ones are read and prepared on threads."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import Any, TypeVar

import torch
from torch import Tensor

from ml_core.engine.device import available_cores, explain_out_of_memory
from ml_core.errors import CodedError
from ml_core.run.context import RunContext
from ml_core.run.predictor import Predictor
from ml_core.vision.batch.ahead import work_ahead

Item = TypeVar("Item")
Answer = dict[str, Any]

_BATCHES_AHEAD = 3


def answer_in_batches(
    items: Iterable[Item],
    prepare: Callable[[Item], Tensor],
    model: Predictor,
    *,
    batch_size: int,
    run: RunContext,
    size_of: Callable[[Item], int] = lambda _: 0,
) -> Generator[list[tuple[Item, Answer | CodedError]], None, None]:
    """Every item once, in order, with its answer or with why there is none.

    Args:
        items: What is asked about.
        prepare: Reads one and makes the tensor of the predictor; called on threads.
        model: Loaded.
        batch_size: Items that go through the network together; the last batch may be smaller.
        run: Looked at while nothing is ready.
        size_of: Bytes that an item holds until it is prepared.

    Raises:
        RunPaused: A pause was asked for.
        RunStopped: The run ends.
    """

    def prepared(item: Item) -> Tensor | CodedError:
        try:
            return prepare(item)
        except CodedError as error:
            return error

    ahead = work_ahead(
        items, prepared, threads=available_cores(), ahead=_BATCHES_AHEAD * batch_size,
        while_waiting=run.raise_if_requested, size_of=size_of,
    )  # fmt: skip
    with closing(ahead):
        batch: list[tuple[Item, Tensor | CodedError]] = []
        for entry in ahead:
            batch.append(entry)
            if len(batch) == batch_size:
                yield _answer(batch, model)
                batch = []
        if batch:
            yield _answer(batch, model)


def _answer(batch: list[tuple[Item, Tensor | CodedError]], model: Predictor) -> list[tuple[Item, Answer | CodedError]]:
    tensors = [made for _, made in batch if isinstance(made, Tensor)]
    with explain_out_of_memory(len(batch)):
        rows = iter(model.forward(torch.stack(tensors)) if tensors else ())
    return [(item, made if isinstance(made, CodedError) else model.postprocess(next(rows))) for item, made in batch]
