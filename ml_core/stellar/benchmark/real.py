"""A trained classifier on spectra whose own headers say what they are."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ml_core.errors import CodedError, FormatError
from ml_core.stellar.catalogue import StarObject
from ml_core.stellar.spectra.reading import read_any_spectrum
from ml_core.stellar.spectra.subclass import CLASSES, label_of
from ml_core.stellar.survey_arrays import Arrays, read_star

if TYPE_CHECKING:
    from ml_core.stellar.predict.classifier import Classifier

#: From here on an answer counts as one with confidence.
CONFIDENT: Final = 0.5
_SUFFIXES: Final = (".fits", ".fit", ".fits.gz", ".npz")


def find_spectra(folders: list[Path]) -> dict[str, Path]:
    """Files below folders that may be spectra, by a name that begins with their folder's.

    Raises:
        FormatError: ``survey.no_spectra`` when a folder has none.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        paths = sorted(path for path in folder.rglob("*") if path.name.lower().endswith(_SUFFIXES) and path.is_file())
        if not paths:
            raise FormatError("The folder holds no spectra.", code="survey.no_spectra",
                              hint="Give a folder with FITS or npz files.", where=folder.name)  # fmt: skip
        found |= {f"{folder.name}/{path.relative_to(folder).as_posix()}": path for path in paths}
    return found


def classify_files(classifier: Classifier, files: dict[str, Path]) -> list[dict[str, Any]]:
    """What the classifier says about each file, from the spectrum alone.

    Returns:
        For each file ``file``, ``subclass`` (as its header has it), ``label`` (0..4, -1 for another type, None where it
        names none), ``predicted`` (class, or None for none of them), ``most_likely``, ``confidence``, ``novelty``,
        ``type``, ``type_sd``, ``sn``; for one that cannot be used ``problem`` instead.
    """
    rows, stars, told = [], [], []
    for name, path in files.items():
        facts: dict[str, Any] = {"file": name}
        told.append(facts)
        try:
            facts["subclass"] = read_any_spectrum(path).subclass.strip()
        except CodedError as error:
            facts["problem"] = error.message
            continue
        facts["label"] = label_of(facts["subclass"]) if facts["subclass"] else None
        row, problem = read_star(_nameless(), path, None)
        if problem:
            facts["problem"] = problem
        else:
            rows.append(row)
            stars.append(facts)
    if rows:
        _answer(classifier, {name: np.stack([row[name] for row in rows]) for name in rows[0]}, stars)
    return told


def _nameless() -> StarObject:
    nothing = math.nan
    return StarObject("star", nothing, nothing, 1, 1, 1, "", -1, (nothing, nothing, nothing, nothing, nothing))


def _answer(classifier: Classifier, arrays: Arrays, stars: list[dict[str, Any]]) -> None:
    found = classifier.classify(arrays, looked_at="spectrum")
    for row, facts in enumerate(stars):
        facts |= {
            "predicted": CLASSES[found.label[row]] if found.is_member[row] else None,
            "most_likely": CLASSES[found.label[row]], "confidence": round(float(found.confidence[row]), 4),
            "novelty": round(float(found.novelty[row]), 4), "type": round(float(found.type_mean[row]), 3),
            "type_sd": round(float(found.type_sd[row]), 3), "sn": round(float(arrays["sn"][row]), 2),
        }  # fmt: skip


def summarise_files(told: list[dict[str, Any]]) -> dict[str, int]:
    """Counts: ``members`` (files of M0..M4), ``right`` and ``refused`` among them; ``others`` (of another type),
    ``called`` (those of them that are called M0..M4 with confidence); ``untold`` (no type given); ``problems``."""
    usable = [facts for facts in told if "problem" not in facts]
    members = [facts for facts in usable if facts["label"] is not None and facts["label"] >= 0]
    others = [facts for facts in usable if facts["label"] == -1]
    return {
        "members": len(members),
        "right": sum(facts["predicted"] == CLASSES[facts["label"]] for facts in members),
        "refused": sum(facts["predicted"] is None for facts in members),
        "others": len(others),
        "called": sum(facts["predicted"] is not None and facts["confidence"] >= CONFIDENT for facts in others),
        "untold": len(usable) - len(members) - len(others),
        "problems": len(told) - len(usable),
    }
