"""What a domain gives to the fit loop: a model, what one step is, and how to judge; and data that can be indexed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn
from torch.utils.data import default_collate

from ml_core.run.context import RunContext

Gather = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Step:
    """What a training step gives back.

    Attributes:
        loss: Scalar tensor to differentiate; the mean over the samples of the batch.
        metrics: Scalar tensors without gradient, means over the batch. Left on their device: reading one would wait.
        size: Number of samples in the batch, the weight of the step in the means of the epoch.
    """

    loss: Tensor
    size: int
    metrics: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that share settings. ``rate_factor`` multiplies the learning rate, ``weight_decay`` replaces it."""

    parameters: list[nn.Parameter]
    rate_factor: float = 1.0
    weight_decay: float | None = None


class Task(ABC):
    """The domain's side of training.

    Attributes:
        model: The network. The loop moves it to the device and, with several processes, wraps it.
        unit: What a sample is called in progress reports.
        monitor: Validation metric that decides which checkpoint is best, unless the configuration names another.
        metric_names: What ``end_validation`` returns, so that a wrong name is refused at the start.
    """

    model: nn.Module
    unit: str = "samples"
    monitor: str = "loss"
    metric_names: tuple[str, ...] = ("loss",)

    @property
    def wants_stop(self) -> bool:
        """Whether going on is of no use, asked at the end of an epoch. It must follow from ``state``."""
        return False

    @abstractmethod
    def training_step(self, batch: Any) -> Step:
        """Compute the loss of one batch, which is on the device already."""

    def part_step(self, part: str, batch: Any) -> Step:
        """The loss of one part, for tasks that train several in turn (such as the two networks of a GAN)."""
        return self.training_step(batch)

    def parameter_groups(self) -> dict[str, list[ParameterGroup]]:
        """Parameters by part. Each part has an optimizer of its own; parts take their step one after the other."""
        return {"main": [ParameterGroup([p for p in self.model.parameters() if p.requires_grad])]}

    @abstractmethod
    def begin_validation(self) -> None:
        """Forget the last validation."""

    @abstractmethod
    def validation_step(self, batch: Any) -> None:
        """Note what one batch tells. The model is in evaluation mode, gradients are off."""

    @abstractmethod
    def end_validation(self, gather: Gather) -> dict[str, float]:
        """Metrics over everything noted.

        Args:
            gather: Joins the rows of a tensor over all processes. A sample may occur twice where the number of
                samples does not divide evenly.
        """

    def report(self, phase: Literal["val", "test"], metrics: dict[str, float], run: RunContext) -> None:  # noqa: B027
        """Write artifacts about the delivered weights. Called in rank 0 after their last evaluation."""

    def state(self) -> dict[str, Any]:
        """JSON-able state beside the model that exact resume needs; none by default."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:  # noqa: B027 - most tasks have nothing to take back
        """Take back what ``state`` gave."""


class IndexedData(Protocol):
    """Samples by position. What ``batch`` returns must follow from its arguments alone: resume rests on that."""

    @property
    def prefers_workers(self) -> bool:
        """Whether a batch costs so much on the CPU that other processes should prepare it."""

    def __len__(self) -> int: ...

    def batch(self, indices: Sequence[int], epoch: int) -> Any:
        """The samples at ``indices`` as one batch: a tensor, or tuples, lists, dictionaries of tensors."""

    def item_name(self, index: int) -> str:
        """How a message calls a sample."""


class SampleData(ABC):
    """Data whose samples are made one by one. A child gives ``__len__`` and ``sample``."""

    prefers_workers = True

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def sample(self, index: int, epoch: int) -> Any:
        """One sample, as ``torch.utils.data.default_collate`` can stack it."""

    def batch(self, indices: Sequence[int], epoch: int) -> Any:
        """Stack samples."""
        return default_collate([self.sample(index, epoch) for index in indices])

    def item_name(self, index: int) -> str:
        """The position, unless a child knows better."""
        return f"item {index}"


class TensorData:
    """Tensors of equal length in memory; a batch is the tuple of their rows."""

    prefers_workers = False

    def __init__(self, *tensors: Tensor) -> None:
        if len({len(tensor) for tensor in tensors}) != 1:
            raise ValueError("The tensors must have the same length.")
        self._tensors = tensors

    def __len__(self) -> int:
        return len(self._tensors[0])

    def batch(self, indices: Sequence[int], epoch: int) -> tuple[Tensor, ...]:
        """Rows of every tensor."""
        rows = torch.as_tensor(indices)
        return tuple(tensor.index_select(0, rows) for tensor in self._tensors)

    def item_name(self, index: int) -> str:
        """The position."""
        return f"item {index}"


@dataclass(frozen=True)
class FitData:
    """What to learn from and what to judge by.

    Without validation data the training loss decides what is best. Test data are looked at once, at the end.
    """

    train: IndexedData
    val: IndexedData | None = None
    test: IndexedData | None = None
