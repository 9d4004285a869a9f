"""One step of training a network of characters, and its judgement."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.anime.classifier.mixing import mix_batch
from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.engine.task import Gather, ParameterGroup, Step, Task

_TOP = 5


class CharacterTask(Task):
    """Cross entropy with smoothed and mixed labels.

    Args:
        network: What learns.
        label_smoothing: Share of certainty that is spread over all characters.
        mixing: Share of batches that are mixed.
    """

    unit = "images"
    monitor = "loss"  # finer than the accuracy on a few dozen pictures
    metric_names = ("loss", "accuracy", "top5_accuracy")

    def __init__(self, network: CharacterNetwork, label_smoothing: float, mixing: float) -> None:
        self.model: nn.Module = network
        self._classes = network.classes
        self._label_smoothing = label_smoothing
        self._mixing = mixing
        self._noted: list[tuple[Tensor, Tensor, Tensor]] = []

    def parameter_groups(self) -> dict[str, list[ParameterGroup]]:
        """Norms and biases are not pulled towards zero."""
        matrices = [p for p in self.model.parameters() if p.ndim > 1]
        others = [p for p in self.model.parameters() if p.ndim <= 1]
        return {"main": [ParameterGroup(matrices), ParameterGroup(others, weight_decay=0.0)]}

    def targets(self, views: Tensor, labels: Tensor) -> Tensor:
        """(N, C) distributions that the views shall be given."""
        sure = functional.one_hot(labels, self._classes).to(views.dtype)
        return sure * (1 - self._label_smoothing) + self._label_smoothing / self._classes

    def training_step(self, batch: Any) -> Step:
        """Loss and share of hits of a batch of `PictureData`."""
        views, labels, _ = batch
        views, targets = mix_batch(views, self.targets(views, labels), self._mixing)
        logits = self.model(views).float()
        loss = -(targets * logits.log_softmax(1)).sum(1).mean()
        with torch.no_grad():
            accuracy = (logits.argmax(1) == targets.argmax(1)).float().mean()
        return Step(loss, len(labels), {"accuracy": accuracy})

    def begin_validation(self) -> None:
        """Forget the last one."""
        self._noted.clear()

    def validation_step(self, batch: Any) -> None:
        """Note the logits of one batch."""
        views, labels, positions = batch
        self._noted.append((positions, labels, self.model(views).float()))

    def end_validation(self, gather: Gather) -> dict[str, float]:
        """Loss, and how often the character is first, and among the first five."""
        _, labels, logits = (gather(torch.cat(column)).cpu() for column in zip(*self._noted, strict=True))
        best = logits.topk(min(_TOP, self._classes), dim=1).indices == labels[:, None]
        return {
            "loss": float(functional.cross_entropy(logits, labels)),
            "accuracy": float(best[:, 0].float().mean()),
            "top5_accuracy": float(best.any(1).float().mean()),
        }
