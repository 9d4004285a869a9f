"""Both students in one training: the same views, the same start, and only one of them hears the teacher.

Answers as in G. Hinton, O. Vinyals and J. Dean, "Distilling the knowledge in a neural network", 2015, about the very
views that the student sees (L. Beyer et al., "A good teacher is patient and consistent", CVPR 2022), and the teacher's
descriptions of them (see `Teaching`).
"""

from __future__ import annotations

import copy
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.describe.by_network import NetworkDescriber
from ml_core.anime.distill.data import small
from ml_core.engine.task import Gather, ParameterGroup, Step, Task

STUDENT: Final = "student"
ALONE: Final = "alone"


class Students(nn.Module):
    """Two networks that begin as one; ``reader`` tells from the description of the first what it has been told of."""

    def __init__(self, network: CharacterNetwork, told: int) -> None:
        super().__init__()
        self.student = NetworkDescriber(network)
        self.alone = copy.deepcopy(self.student)
        self.reader = nn.Linear(self.student.length, told)

    def forward(self, views: Tensor, who: str) -> tuple[Tensor, Tensor | None]:
        """Logits of one for (N, 3, size, size) views, and what is read from the description of the first."""
        if who == ALONE:
            return self.alone(views)[0], None
        logits, description = self.student(views)
        return logits, self.reader(description)


class DistillTask(Task):
    """See the module's text. Each student has an optimizer of its own, so that neither bears on the other's steps.

    Args:
        students: What learns.
        temperature: That of the teacher's answers (`Softness`).
        hard_share: Share of the student's loss that goes by the labels.
        description_weight: Weight of the teacher's descriptions.
    """

    unit = "images"
    monitor = "both_loss"  # the epoch that is delivered must suit both alike
    metric_names = ("both_loss", "loss", "accuracy", "alone_loss", "alone_accuracy")

    def __init__(self, students: Students, *, temperature: float, hard_share: float, description_weight: float) -> None:
        self.model: nn.Module = students
        self._size = students.student.network.size
        self._temperature, self._hard_share = temperature, hard_share
        self._description_weight = description_weight
        self._noted: list[tuple[Tensor, ...]] = []

    def parameter_groups(self) -> dict[str, list[ParameterGroup]]:
        """Norms and biases are not pulled towards zero."""
        students = self.model
        assert isinstance(students, Students)
        return {
            STUDENT: _groups([*students.student.parameters(), *students.reader.parameters()]),
            ALONE: _groups(list(students.alone.parameters())),
        }

    def training_step(self, batch: Any) -> Step:
        """The student's; see `part_step`."""
        return self.part_step(STUDENT, batch)

    def part_step(self, part: str, batch: Any) -> Step:
        """Loss of one student for a batch of `TaughtData`."""
        views, hard, soft, told = batch
        logits, read = self.model(views, part)
        by_labels = _cross_entropy(logits.float(), hard)
        if read is None:
            return Step(by_labels, len(views))
        by_teacher = _cross_entropy(logits.float() / self._temperature, soft) * self._temperature**2
        by_descriptions = 1 - functional.cosine_similarity(read.float(), told, dim=1).mean()
        loss = (1 - self._hard_share) * by_teacher + self._hard_share * by_labels
        loss = loss + self._description_weight * by_descriptions
        return Step(loss, len(views), {"description_loss": by_descriptions.detach()})

    def begin_validation(self) -> None:
        """Forget the last one."""
        self._noted.clear()

    def validation_step(self, batch: Any) -> None:
        """Note the logits of one batch of `PictureData`."""
        views, labels, positions = batch
        views = small(views, self._size)
        student, alone = (self.model(views, who)[0].float() for who in (STUDENT, ALONE))
        self._noted.append((positions, labels, student, alone))

    def end_validation(self, gather: Gather) -> dict[str, float]:
        """Loss and accuracy of both by the labels alone."""
        _, labels, student, alone = (gather(torch.cat(column)).cpu() for column in zip(*self._noted, strict=True))
        losses = [float(functional.cross_entropy(logits, labels)) for logits in (student, alone)]
        return {
            "both_loss": sum(losses) / 2,
            "loss": losses[0],
            "accuracy": float((student.argmax(1) == labels).float().mean()),
            "alone_loss": losses[1],
            "alone_accuracy": float((alone.argmax(1) == labels).float().mean()),
        }


def _groups(parameters: list[nn.Parameter]) -> list[ParameterGroup]:
    matrices = [p for p in parameters if p.ndim > 1]
    others = [p for p in parameters if p.ndim <= 1]
    return [ParameterGroup(matrices), ParameterGroup(others, weight_decay=0.0)]


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return -(targets * logits.log_softmax(1)).sum(1).mean()
