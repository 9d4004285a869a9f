"""What all baselines share: fitting to arrays of a survey, probabilities, and a folder without pickle."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ml_core.errors import CodedError
from ml_core.run.files import write_json_atomic
from ml_core.stellar.spectra.subclass import CLASSES

Arrays = Mapping[str, NDArray[Any]]
"""Rows of a survey: ``flux``, ``ivar``, ``magnitudes``, ``has_spectrum``, ``label`` as `survey_arrays` has them."""
Floats = NDArray[np.float64]

TENSORS_FILE: Final = "baseline.safetensors"
FACTS_FILE: Final = "baseline.json"
COUNT: Final = len(CLASSES)


class BaselineError(CodedError):
    """A baseline cannot be fitted, loaded or used."""

    default_code = "stellar.baseline"


class Baseline(ABC):
    """A classifier of M0..M4 that is fitted once.

    Attributes:
        name: As in `BASELINES`.
        title: For people.
        needs: Field of the arrays that says which stars it can answer about.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    def __init__(self) -> None:
        self._tensors: dict[str, NDArray[Any]] = {}

    def fit(self, arrays: Arrays, *, seed: int = 0) -> Self:
        """Learn from the stars of a survey that have a class and what the method looks at.

        Args:
            arrays: Rows of a survey.
            seed: Decides all random draws.

        Raises:
            BaselineError: ``stellar.nothing_to_learn`` when fewer than two classes are left.
        """
        labels = np.asarray(arrays["label"])
        rows = np.flatnonzero(self.answerable(arrays) & (labels >= 0) & (labels < COUNT))
        if len(np.unique(labels[rows])) < 2:
            raise BaselineError(
                "The survey has fewer than two classes to learn from.", code="stellar.nothing_to_learn",
                hint="Add stars of other classes, with the files that the method looks at.", where=self.name,
            )  # fmt: skip
        self._tensors = self._fit(arrays, rows, labels[rows].astype(np.int64), seed)
        return self

    def predict_proba(self, arrays: Arrays) -> Floats:
        """(N, 5) probabilities of M0..M4; 1/5 each for stars that lack what the method looks at.

        Raises:
            BaselineError: ``stellar.not_fitted``.
        """
        if not self._tensors:
            raise BaselineError("The baseline is not fitted.", code="stellar.not_fitted",
                                hint="Call fit, or load a folder.", where=self.name)  # fmt: skip
        able = self.answerable(arrays)
        probabilities = np.full((len(able), COUNT), 1.0 / COUNT)
        rows = np.flatnonzero(able)
        if len(rows):
            probabilities[rows] = self._predict(arrays, rows)
        return probabilities

    @abstractmethod
    def answerable(self, arrays: Arrays) -> NDArray[np.bool_]:
        """(N,) which stars have what the method looks at."""

    @abstractmethod
    def _fit(
        self, arrays: Arrays, rows: NDArray[np.int64], labels: NDArray[np.int64], seed: int
    ) -> dict[str, NDArray[Any]]: ...

    @abstractmethod
    def _predict(self, arrays: Arrays, rows: NDArray[np.int64]) -> Floats: ...

    def save(self, folder: Path) -> None:
        """Write ``baseline.safetensors`` and ``baseline.json``.

        Raises:
            BaselineError: ``stellar.not_fitted``.
        """
        if not self._tensors:
            raise BaselineError("The baseline is not fitted.", code="stellar.not_fitted", where=self.name)
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: np.ascontiguousarray(held) for name, held in self._tensors.items()}, folder / TENSORS_FILE)
        write_json_atomic(folder / FACTS_FILE, {"format": 1, "name": self.name, "classes": list(CLASSES)})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BaselineError: ``stellar.baseline_invalid`` when it is missing, damaged, or of another method.
        """
        facts = read_facts(folder)
        if facts.get("name") != cls.name:
            raise _invalid(folder, f"it is of the method {facts.get('name')}")
        loaded = cls()
        try:
            loaded._tensors = load_file(folder / TENSORS_FILE)
        except (OSError, SafetensorError) as error:
            raise _invalid(folder, "its arrays are missing or damaged") from error
        loaded._check(folder)
        return loaded

    def _check(self, folder: Path) -> None:
        """Refuse arrays that do not fit together."""
        if fault := self._fault():
            raise _invalid(folder, fault)

    @abstractmethod
    def _fault(self) -> str:
        """What does not fit in the loaded arrays; empty when all does."""


def read_facts(folder: Path) -> dict[str, Any]:
    """``baseline.json`` of a folder.

    Raises:
        BaselineError: ``stellar.baseline_invalid``.
    """
    try:
        facts = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _invalid(folder, f"{FACTS_FILE} is missing or damaged") from error
    if not isinstance(facts, dict) or facts.get("format") != 1 or facts.get("classes") != list(CLASSES):
        raise _invalid(folder, f"{FACTS_FILE} speaks of other classes or another format")
    return facts


def _invalid(folder: Path, why: str) -> BaselineError:
    return BaselineError(f"The baseline cannot be loaded: {why}.", code="stellar.baseline_invalid",
                         hint="Fit it again.", where=folder.name)  # fmt: skip
