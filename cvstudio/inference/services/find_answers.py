"""Finds the answers of a batch that a person wants to look at: by class, probability, and how they ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cvstudio.inference.models import InferenceJob
from cvstudio.inference.services.read_results import missing_results, results_of
from cvstudio.runs.folders import run_folder
from ml_core.vision.batch.answers import RECORDS_FILE, read_index, read_some

#: What may be shown: everything, pictures with or without a find, with a wrong class, or without an answer.
SHOWN: Final = ("all", "found", "nothing", "wrong", "failed")


@dataclass(frozen=True)
class Wish:
    """Which answers, and in which order.

    Attributes:
        threshold: Least probability of what counts as found.
        classes: Indices; empty for all.
        show: One of `SHOWN`.
        video: Position among the videos of the batch; ``None`` for all answers.
        unsure_first: The least certain answers first, rather than in the order of the images.
    """

    threshold: float = 0.0
    classes: frozenset[int] = frozenset()
    show: str = "all"
    video: int | None = None
    unsure_first: bool = False


@dataclass(frozen=True)
class Found:
    """Numbers of answers, with how often something was found in each of all answers."""

    numbers: NDArray[np.int64]
    counts: NDArray[np.int64]
    times: NDArray[np.float32]


def find_answers(job: InferenceJob, wish: Wish) -> Found:
    """The answers that fit; nothing is read but the index.

    Args:
        job: The caller has checked that the person may see it.
        wish: What is looked for.

    Raises:
        ResultsMissingError: The batch has no answers that can be looked through, or not yet.
    """
    records, findings = _index(job)
    counted = findings["probability"] >= wish.threshold
    if wish.classes:
        counted &= np.isin(findings["index"], list(wish.classes))
    counts = np.bincount(findings["record"][counted], minlength=len(records)).astype(np.int64)
    fits = {
        "all": np.ones(len(records), bool) if not wish.classes else counts > 0,
        "found": counts > 0,
        "nothing": (counts == 0) & ~records["failed"],
        "wrong": records["right"] == 0,
        "failed": records["failed"],
    }[wish.show]
    begin, end = _span(job, wish.video, len(records))
    numbers = begin + np.flatnonzero(fits[begin:end])
    if wish.unsure_first:
        best = np.zeros(len(records), np.float32)
        np.maximum.at(best, findings["record"], findings["probability"])
        numbers = numbers[np.argsort(np.abs(best[numbers] - 0.5), kind="stable")]
    return Found(numbers, counts, records["time_s"])


def read_found(job: InferenceJob, numbers: NDArray[np.int64]) -> list[dict[str, Any]]:
    """The answers with these numbers, each with its ``number``.

    Raises:
        ResultsMissingError: As `find_answers`, or there is no such answer.
    """
    records, _ = _index(job)
    if len(numbers) and (numbers.min() < 0 or numbers.max() >= len(records)):
        raise missing_results("The batch has no such answer.")
    answers = read_some(results_of(job, "json").path, records["offset"][numbers].tolist())
    return [{"number": int(number), **answer} for number, answer in zip(numbers, answers, strict=True)]


def videos_of(job: InferenceJob) -> list[dict[str, Any]]:
    """The videos of a completed batch: path, number of the first answer, frames."""
    return list((job.run.result if job.run else {}).get("videos") or [])


def has_index(job: InferenceJob) -> bool:
    """Whether the answers can be looked through."""
    return job.run is not None and (run_folder(job.run.id) / "artifacts" / RECORDS_FILE).is_file()


def _span(job: InferenceJob, video: int | None, count: int) -> tuple[int, int]:
    if video is None:
        return 0, count
    videos = videos_of(job)
    if not 0 <= video < len(videos):
        raise missing_results("The batch has no such video.")
    first = int(videos[video]["first"])
    return first, first + int(videos[video]["frames"])


def _index(job: InferenceJob) -> tuple[NDArray[np.void], NDArray[np.void]]:
    folder: Path = results_of(job, "json").path.parent
    try:
        return read_index(folder)
    except OSError as error:
        raise missing_results("These answers cannot be looked through.") from error
