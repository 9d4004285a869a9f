"""What the fit loop needs to know about a classifier of stars, whichever it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml_core.engine.task import Gather, Step, Task
from ml_core.stellar.metrics import class_scores, confusion_matrix
from ml_core.stellar.metrics.tally import Tallier, answers
from ml_core.stellar.models.output import INPUTS, StarOutput

EPOCH_METRICS: Final = ("loss", "f1", "accuracy", "precision", "recall", "within_one", "ece")
_LEAST_PROBABILITY: Final = 1e-12


class StarNetwork(Protocol):
    """A classifier that can be trained: `StarClassifier` and `FusionClassifier`."""

    def losses(self, batch: Mapping[str, Tensor], generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """Parts of the loss of a batch; their sum is to be made small."""

    def __call__(
        self, flux: Tensor, ivar: Tensor, image: Tensor, photometry: Tensor, has_spectrum: Tensor, has_image: Tensor
    ) -> StarOutput: ...

    def fit_front_end(self, arrays: Mapping[str, NDArray[Any]], progress: Any = None) -> None:
        """Whatever is computed once from the training stars, before the first step."""

    def calibrate(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """The few numbers that are taken from stars which were not trained on, after the last step."""

    def save_pretrained(self, folder: Path) -> None:
        """Leave tensors and settings."""


Answer = Callable[[Mapping[str, Tensor]], StarOutput]


class Learner(nn.Module):
    """Losses in training, answers in evaluation: one ``forward``, as training over several processes demands.

    Args:
        network: A `StarNetwork` that is a module.
        answer: How it answers about a batch; called with its arguments where it is left out.
    """

    def __init__(self, network: nn.Module, answer: Answer | None = None) -> None:
        super().__init__()
        self.network = network
        self._answer = answer

    def forward(self, batch: Mapping[str, Tensor]) -> Any:
        """A dictionary of losses, or a `StarOutput`."""
        if self.training:
            return self.network.losses(batch)  # type: ignore[operator]  # of a StarNetwork
        return self._answer(batch) if self._answer else self.network(*(batch[name] for name in INPUTS))


class StarTask(Task):
    """Training that keeps the weights of the best macro-F1 over the validation stars, unless told otherwise.

    Args:
        network: A `StarNetwork` that is a module.
        answer: See `Learner`.
    """

    unit = "stars"
    monitor = "f1"
    metric_names = EPOCH_METRICS

    def __init__(self, network: nn.Module, answer: Answer | None = None) -> None:
        self.model = Learner(network, answer)
        self._probabilities: list[Tensor] = []
        self._labels: list[Tensor] = []

    def training_step(self, batch: Any) -> Step:
        """The sum of the classifier's losses, and each of them."""
        losses = self.model(batch)
        total = torch.stack([loss.float() for loss in losses.values()]).sum()
        parts = {name: loss.detach().float() for name, loss in losses.items()} if len(losses) > 1 else {}
        return Step(total, len(batch["label"]), parts)

    def begin_validation(self) -> None:
        """Forget the last one."""
        self._probabilities, self._labels = [], []

    def validation_step(self, batch: Any) -> None:
        """Note the fused answers."""
        output: StarOutput = self.model(batch)
        self._probabilities.append(output.probabilities.float())
        self._labels.append(batch["label"])

    def end_validation(self, gather: Gather) -> dict[str, float]:
        """Scores of all answers; the loss is the mean negative log probability of the class."""
        probabilities = gather(torch.cat(self._probabilities)).cpu().double().numpy()
        labels = gather(torch.cat(self._labels)).cpu().numpy()
        return epoch_scores(probabilities, labels)


def epoch_scores(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, float]:
    """`EPOCH_METRICS` of answers; precision, recall and F1 are means over the classes that occur.

    Args:
        probabilities: (N, 5).
        labels: (N,) 0..4.
    """
    probabilities = probabilities / probabilities.sum(1, keepdims=True)
    measures = Tallier(answers(probabilities, labels)).tally().measures()
    present = [row for row in class_scores(confusion_matrix(labels, probabilities.argmax(1))) if row["n"]]
    taken = probabilities[np.arange(len(labels)), labels]
    return {
        "loss": float(-np.log(np.maximum(taken, _LEAST_PROBABILITY)).mean()),
        "f1": measures["macro_f1"],
        "accuracy": measures["accuracy"],
        "precision": float(np.mean([row["precision"] for row in present])),
        "recall": float(np.mean([row["recall"] for row in present])),
        "within_one": measures["within_one"],
        "ece": measures["ece"],
    }
