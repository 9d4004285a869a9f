"""The registry of predictors: how a trained weight answers, one class for each task."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import ml_core
from ml_core.errors import CodedError

PredictorType = TypeVar("PredictorType", bound="type[Predictor]")

_predictors: dict[str, type[Predictor]] = {}
_discovered = False


class UnknownPredictorError(CodedError):
    """No predictor serves this task."""

    default_code = "predictor.unknown"


class Predictor(Protocol):
    """What the inference worker needs. Tensors are ``torch.Tensor``; this module stays free of torch."""

    def load(self, folder: Path, device: str) -> None:
        """Read a weight folder and put the model on ``device``."""

    def preprocess(self, content: bytes) -> Any:
        """One encoded input to one tensor without batch dimension, on the CPU."""

    def forward(self, batch: Any) -> Any:
        """A stack of preprocessed tensors to raw outputs, one row an input, on the CPU."""

    def postprocess(self, row: Any) -> dict[str, Any]:
        """One row of raw outputs to a JSON-able answer."""


def predictor(task: str) -> Callable[[PredictorType], PredictorType]:
    """Register the decorated class for weights of ``task``."""

    def register(implementation: PredictorType) -> PredictorType:
        _predictors[task] = implementation
        return implementation

    return register


def get_predictor(task: str) -> type[Predictor]:
    """The class that serves ``task``. Imports every ``ml_core.<package>.predictor`` module, and so torch.

    Raises:
        UnknownPredictorError: There is none.
    """
    global _discovered
    if not _discovered:
        for module in pkgutil.iter_modules(ml_core.__path__):
            name = f"ml_core.{module.name}.predictor"
            if module.ispkg and module.name != "run" and importlib.util.find_spec(name) is not None:
                importlib.import_module(name)
        _discovered = True
    if task in _predictors:
        return _predictors[task]
    close = difflib.get_close_matches(task, _predictors, n=1, cutoff=0.4)
    hint = f'The nearest is "{close[0]}".' if close else "Use a weight that this platform trained."
    raise UnknownPredictorError(f'No predictor serves the task "{task}".', hint=hint, where=task)
