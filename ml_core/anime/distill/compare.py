"""Teacher, student and student alone side by side: how often right, how fast, how large."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ml_core.anime.distill.student import StudentClassifier
from ml_core.anime.recognise.recogniser import Recogniser
from ml_core.anime.recognise.scores import full_report
from ml_core.weights.folder import read_facts

_TIMED = 12  # images that are recognised one by one to measure the time of one

Answering = Callable[[Tensor], NDArray[np.float64]]


@dataclass(frozen=True)
class Judging:
    """Images to judge by, with their characters' positions among those of the teacher."""

    pixels: Tensor
    labels: NDArray[np.int64]
    sources: list[str]
    paths: list[str]


def compare(
    teacher: Recogniser,
    teacher_folder: Path,
    students: Mapping[str, StudentClassifier],
    judging: Judging,
    *,
    teacher_may_be_judged: bool,
) -> dict[str, dict[str, Any]]:
    """A report for each, with ``ms`` for one image and ``mb`` of its tensors.

    Args:
        teacher: The recogniser.
        teacher_folder: Where it lies.
        students: By name.
        judging: Images that no student learnt from.
        teacher_may_be_judged: Whether these are new to the teacher as well. Else what its own training found counts:
            its prototypes hold the images that the students are judged by.
    """

    def by_teacher(pixels: Tensor) -> NDArray[np.float64]:
        return teacher.answer(pixels).probabilities

    table = {name: _judge(student.probabilities, judging, student.characters) for name, student in students.items()}
    for name, student in students.items():
        table[name]["ms"] = _milliseconds(student.probabilities, judging.pixels[:_TIMED])
        table[name]["mb"] = sum(t.nbytes for t in student.network.net.state_dict().values()) / 1e6
    table["teacher"] = (
        _judge(by_teacher, judging, teacher.characters)
        if teacher_may_be_judged
        else {"scores": dict(read_facts(teacher_folder).metrics)}
    )
    table["teacher"]["ms"] = _milliseconds(by_teacher, judging.pixels[:_TIMED])
    table["teacher"]["mb"] = sum(path.stat().st_size for path in teacher_folder.glob("*.safetensors")) / 1e6
    return table


def _judge(answering: Answering, judging: Judging, characters: list[str]) -> dict[str, Any]:
    probabilities = answering(judging.pixels)
    return full_report(probabilities, judging.labels, characters, judging.sources, judging.paths)


def _milliseconds(answering: Answering, pixels: Tensor) -> float:
    """Median time of one image by itself."""
    answering(pixels[:1])
    taken = []
    for row in range(len(pixels)):
        started = time.perf_counter()
        answering(pixels[row : row + 1])
        taken.append(time.perf_counter() - started)
    return float(np.median(taken)) * 1000


def verdict_on(table: Mapping[str, Any]) -> str:
    """A sentence for people; it does not hide a teacher that was of no use."""
    teacher, student, alone = (table[name]["scores"].get("top1") for name in ("teacher", "student", "student_alone"))
    if teacher is None:
        return "The teacher was never judged, so nothing can be said about it. Give a folder of test images."
    if teacher <= alone:
        return "The teacher is no better than the student alone: train a better teacher, or use the student alone."
    if student <= alone:
        return "The teacher did not help: the student alone is as good."
    return f"The teacher helped: {student:.1%} with it, {alone:.1%} alone, {teacher:.1%} by the teacher itself."
