"""Writes the tables of a batch again with only what a person chose to see."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cvstudio.inference.models import InferenceJob
from cvstudio.inference.services.read_results import results_of
from cvstudio.runs.folders import run_folder
from ml_core.vision.batch.answers import read_answers
from ml_core.vision.batch.tables import Sieve, write_coco, write_csv, write_json

#: Tables that can be sifted; the others hold whole images.
SIFTED = ("csv", "json", "coco.json")


def sieve_for(job: InferenceJob, threshold: float, classes: list[int]) -> Sieve:
    """The sieve for indices of classes; none keeps all."""
    names = job.weight_version.classes
    chosen = frozenset(names[index] for index in classes if index < len(names))
    return Sieve(threshold, chosen if classes else None)


def sift_results(job: InferenceJob, kind: str, sieve: Sieve) -> Path:
    """A table with what passes; the caller removes the file.

    Raises:
        ResultsMissingError: There is no such table, or not yet.
    """
    answers = results_of(job, "json").path
    results_of(job, kind)  # there is such a table
    assert job.run is not None

    def read() -> Iterator[dict[str, Any]]:
        return map(sieve, read_answers(answers))

    descriptor, name = tempfile.mkstemp(dir=run_folder(job.run.id), prefix=".sifted-")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        if kind == "csv":
            write_csv(read(), job.weight_version.weight.task, stream)
        elif kind == "json":
            write_json(read(), stream)
        else:
            write_coco(read, job.weight_version.classes, stream)
    return Path(name)
