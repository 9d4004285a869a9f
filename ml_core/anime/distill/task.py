"""Both students in one training: the same views, the same start, and only one of them hears the teacher.

G. Hinton, O. Vinyals and J. Dean, "Distilling the knowledge in a neural network", 2015. The teacher answers each view
anew, so that its answer is about what the student sees (L. Beyer et al., "A good teacher is patient and consistent",
CVPR 2022).
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.anime.classifier.mixing import mix_batch
from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.recognise.recogniser import Recogniser
from ml_core.engine.task import Gather, ParameterGroup, Step, Task

STUDENT, ALONE = "student", "alone"


class Students(nn.Module):
    """Two networks that begin as one."""

    def __init__(self, network: CharacterNetwork) -> None:
        super().__init__()
        self.student = network
        self.alone = copy.deepcopy(network)

    def forward(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of both for (N, 3, size, size) views."""
        return self.student(views), self.alone(views)


class DistillTask(Task):
    """See the module's text.

    Args:
        students: What learns.
        teacher: Whom one of them hears; it knows the same characters in the same order.
        temperature: Divides logarithms of both before they are compared.
        hard_share: Share of the student's loss that goes by the labels.
        label_smoothing: Of the labels.
        mixing: Share of batches that are mixed.
    """

    unit = "images"
    monitor = "loss"
    metric_names = ("loss", "accuracy", "alone_loss", "alone_accuracy")

    def __init__(
        self,
        students: Students,
        teacher: Recogniser,
        *,
        temperature: float,
        hard_share: float,
        label_smoothing: float,
        mixing: float,
    ) -> None:
        self.model: nn.Module = students
        self._teacher = teacher
        self._size, self._classes = students.student.size, students.student.classes
        self._temperature, self._hard_share = temperature, hard_share
        self._label_smoothing, self._mixing = label_smoothing, mixing
        self._noted: list[tuple[Tensor, ...]] = []

    def parameter_groups(self) -> dict[str, list[ParameterGroup]]:
        """Norms and biases are not pulled towards zero."""
        matrices = [p for p in self.model.parameters() if p.ndim > 1]
        others = [p for p in self.model.parameters() if p.ndim <= 1]
        return {"main": [ParameterGroup(matrices), ParameterGroup(others, weight_decay=0.0)]}

    @torch.no_grad()
    def soft_labels(self, views: Tensor) -> Tensor:
        """(N, C) answers of the teacher about (N, 3, S, S) float views, softened."""
        pixels = (views * 255).round().to(torch.uint8).cpu().contiguous()
        answers = torch.from_numpy(self._teacher.answer(pixels).probabilities).to(views)
        return (answers.clamp(min=1e-8).log() / self._temperature).softmax(1)

    def training_step(self, batch: Any) -> Step:
        """Sum of both losses, which share no parameter."""
        views, labels, _ = batch
        sure = functional.one_hot(labels, self._classes).to(views.dtype)
        hard = sure * (1 - self._label_smoothing) + self._label_smoothing / self._classes
        targets = torch.cat([self.soft_labels(views), hard], dim=1)
        views, targets = mix_batch(self._small(views), targets, self._mixing)
        soft, hard = targets[:, : self._classes], targets[:, self._classes :]
        student, alone = (logits.float() for logits in self.model(views))
        by_teacher = _cross_entropy(student / self._temperature, soft) * self._temperature**2
        by_labels = _cross_entropy(student, hard)
        alone_loss = _cross_entropy(alone, hard)
        heard = (1 - self._hard_share) * by_teacher + self._hard_share * by_labels
        metrics = {"student_loss": heard.detach(), "alone_loss": alone_loss.detach()}
        return Step(heard + alone_loss, len(labels), metrics)

    def begin_validation(self) -> None:
        """Forget the last one."""
        self._noted.clear()

    def validation_step(self, batch: Any) -> None:
        """Note the logits of one batch."""
        views, labels, positions = batch
        student, alone = self.model(self._small(views))
        self._noted.append((positions, labels, student.float(), alone.float()))

    def end_validation(self, gather: Gather) -> dict[str, float]:
        """Loss and accuracy of both by the labels alone."""
        _, labels, student, alone = (gather(torch.cat(column)).cpu() for column in zip(*self._noted, strict=True))
        return {
            "loss": float(functional.cross_entropy(student, labels)),
            "accuracy": float((student.argmax(1) == labels).float().mean()),
            "alone_loss": float(functional.cross_entropy(alone, labels)),
            "alone_accuracy": float((alone.argmax(1) == labels).float().mean()),
        }

    def _small(self, views: Tensor) -> Tensor:
        """The teacher's views at the students' size."""
        if views.shape[-1] != self._size:
            views = functional.interpolate(views, size=(self._size, self._size), mode="bilinear", antialias=True)
        return views.contiguous(memory_format=torch.channels_last)


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return -(targets * logits.log_softmax(1)).sum(1).mean()
