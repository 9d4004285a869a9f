"""The stars of a survey as a training takes them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_core.run.context import RunContext
from ml_core.stellar.survey import Modality, open_survey
from ml_core.stellar.survey_arrays import Arrays, read_faults

_OWN_CACHE = "cache"


def read_stars(
    survey: str, modality: Modality, cache: str, run: RunContext, *, labelled: bool = True
) -> tuple[Arrays, dict[str, str]]:
    """Arrays of the stars that have what ``modality`` asks for, and why the others were left out, by name.

    Raises:
        FormatError: The survey cannot be read, or has no such star.
        RunPaused: A pause was asked for.
        RunStopped: A stop was asked for.
    """

    def report(done: int, total: int) -> None:
        run.progress(done, total, "stars", "reading")
        run.raise_if_requested()

    opened = open_survey(Path(survey))
    folder = cache_folder(cache, run)
    arrays = opened.arrays(folder, modality, labelled=labelled, progress=report)
    left_out = opened.left_out_of(modality, labelled=labelled)
    faults = read_faults(opened, folder, modality, labelled=labelled)
    present = set(arrays["name"].tolist())
    return arrays, left_out | {name: fault for name, fault in faults.items() if name not in present}


def cache_folder(cache: str, run: RunContext) -> Path:
    """Where arrays are kept: the given folder, or one of the run's own for each process that trains."""
    return Path(cache) if cache else run.dir.path / _OWN_CACHE / str(run.rank)


def drop_own_cache(cache: str, run: RunContext) -> None:
    """Give the disk back; a shared folder stays for the next run."""
    if not cache:
        own = cache_folder(cache, run)
        shutil.rmtree(own, ignore_errors=True)
        with suppress(OSError):  # another process is not done yet, and will be the one to remove it
            own.parent.rmdir()


def only(arrays: Arrays, modality: Modality) -> Arrays:
    """The same stars with the other modality taken away, where one alone was asked for."""
    hidden = {"spectrum": "has_image", "image": "has_spectrum"}.get(modality)
    return arrays if hidden is None else {**arrays, hidden: np.zeros(len(arrays[hidden]), bool)}


def rows_of(arrays: Mapping[str, NDArray[Any]], rows: NDArray[np.int64]) -> Arrays:
    """Some stars, in memory."""
    return {name: np.ascontiguousarray(column[rows]) for name, column in arrays.items()}


def fingerprint(arrays: Arrays) -> str:
    """SHA-256 over names, classes and what tells one measurement from another."""
    digest = hashlib.sha256("\n".join(arrays["name"].tolist()).encode())
    for name in ("label", "sn", "coverage", "magnitudes", "has_spectrum", "has_image"):
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
