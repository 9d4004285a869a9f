"""Teacher, student and student alone side by side: how often right, how fast, how large."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ml_core.anime.describe.describer import Describer
from ml_core.anime.recognise.recogniser import Recogniser
from ml_core.anime.recognise.scores import full_report
from ml_core.weights.folder import read_facts

_TIMED = 24  # images that are recognised one by one to measure the time of one


@dataclass(frozen=True)
class Judging:
    """Images to judge by, with their characters' positions among those of the teacher."""

    pixels: Tensor
    labels: NDArray[np.int64]
    sources: list[str]
    paths: list[str]


@dataclass(frozen=True)
class Verdict:
    """What the comparison comes to, as a word for programs and a sentence for people."""

    code: Literal["unjudged", "teacher_weak", "no_help", "helped"]
    text: str


def compare(
    teacher: Recogniser,
    teacher_folder: Path,
    students: Mapping[str, Recogniser],
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
    table = {name: judge(student, judging) for name, student in students.items()}
    table["teacher"] = (
        judge(teacher, judging) if teacher_may_be_judged else {"scores": dict(read_facts(teacher_folder).metrics)}
    )
    everybody = {**students, "teacher": teacher}
    times = _milliseconds(everybody, judging.pixels[:_TIMED])
    for name, model in everybody.items():
        table[name] |= {"ms": times[name], "mb": _megabytes(model)}
    return table


def judge(model: Recogniser, judging: Judging) -> dict[str, Any]:
    """The full report on one recogniser."""
    probabilities = model.answer(judging.pixels).probabilities
    return full_report(probabilities, judging.labels, model.characters, judging.sources, judging.paths)


def _milliseconds(models: Mapping[str, Recogniser], pixels: Tensor) -> dict[str, float]:
    """Median time of one image by itself; the models take turns, so that a busy moment meets all of them."""
    taken: dict[str, list[float]] = {name: [] for name in models}
    for model in models.values():
        model.answer(pixels[:1])
    for row in range(len(pixels)):
        for name, model in models.items():
            started = time.perf_counter()
            model.answer(pixels[row : row + 1])
            taken[name].append(time.perf_counter() - started)
    return {name: float(np.median(times)) * 1000 for name, times in taken.items()}


def _megabytes(model: Recogniser) -> float:
    tensors = [model.metric.origin, model.metric.basis, model.exemplars.vectors]
    if isinstance(model.describer, Describer):
        tensors += model.describer.state_dict().values()
    if model.network is not None:
        tensors += model.network.net.state_dict().values()
    return sum(tensor.nbytes for tensor in tensors) / 1e6


def verdict_on(table: Mapping[str, Any], parts: Mapping[str, Any] | None = None) -> Verdict:
    """It does not hide a teacher that was of no use, nor what was inherited rather than learnt.

    Args:
        table: The three of `compare`.
        parts: Scores of the student's ``network`` and of its ``inherited`` description, each by itself.
    """
    teacher, student, alone = (table[name]["scores"].get("top1") for name in ("teacher", "student", "student_alone"))
    if teacher is None:
        return Verdict(
            "unjudged", "The teacher was never judged, so nothing can be said about it. Give a folder of test images."
        )
    if teacher <= alone:
        return Verdict(
            "teacher_weak",
            "The teacher is no better than the student alone: train a better teacher, or use the student alone.",
        )
    if student <= alone:
        return Verdict("no_help", "The teacher did not help: the student alone is as good.")
    text = f"The teacher helped: {student:.1%} with it, {alone:.1%} alone, {teacher:.1%} by the teacher itself."
    if parts:
        taught, inherited = parts["network"]["top1"], parts["inherited"]["top1"]
        text += (
            f" By lessons alone the network reaches {taught:.1%}; the codebooks it takes along reach {inherited:.1%}."
        )
    return Verdict("helped", text)
