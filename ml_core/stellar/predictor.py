"""How a trained classifier answers about single stars: uploaded spectrum, picture, or both."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ml_core.run.predictor import predictor
from ml_core.stellar.network_files import GRID_FACTS
from ml_core.stellar.predict import load_classifier
from ml_core.stellar.predict.attribution import Attribution, attribute
from ml_core.stellar.predict.classification import Classification, answer_of
from ml_core.stellar.predict.classifier import TASK, Classifier
from ml_core.stellar.predict.one_star import RECORD, read_request
from ml_core.stellar.predict.request import unpack_star
from ml_core.stellar.spectra.subclass import CLASSES

_DIGITS: Final = 6
_FLUX_DIGITS: Final = 5
Answered = tuple[NDArray[Any], Classification, Attribution | None]


@predictor(TASK)
class StarPredictor:
    """Answers with class, probabilities, type, novelty, what each source says alone, and what the answer rests on."""

    def __init__(self) -> None:
        self._loaded: Classifier | None = None

    def load(self, folder: Path, device: str) -> None:
        """Read a weight folder.

        Raises:
            WeightFileError: As `load_classifier`.
        """
        self._loaded = load_classifier(folder, device)

    def preprocess(self, content: bytes) -> Tensor:
        """A packed request (see `pack_star`) to its record, as bytes of uint8.

        Raises:
            FormatError: A file cannot be used; ``where`` says which.
        """
        return torch.from_numpy(np.frombuffer(read_request(unpack_star(content)).tobytes(), np.uint8).copy())

    def forward(self, batch: Tensor) -> list[Answered]:
        """Records (N, bytes) to answers."""
        assert self._loaded is not None
        records = batch.contiguous().numpy().view(RECORD)[:, 0]
        columns = {name: np.ascontiguousarray(records[name]) for name in RECORD.names or ()}
        answers = self._loaded.classify(columns)
        return [self._answered(columns, answers, row) for row in range(len(records))]

    def postprocess(self, row: Answered) -> dict[str, Any]:
        """One answer as JSON."""
        record, answers, attribution = row
        facts = json.loads(bytes(record["facts"]))
        label, is_member = int(answers.label[0]), bool(answers.is_member[0])
        chances = {name: round(float(p), _DIGITS) for name, p in zip(CLASSES, answers.probabilities[0], strict=True)}
        single = {name: answer_of(values, 0) for name, values in answers.by_modality.items()}
        trust = answers.weights[0]
        shares = dict(zip(("spectrum", "image", "photometry"), trust.tolist(), strict=True))
        return {
            "class": CLASSES[label] if is_member else None,
            "most_likely": CLASSES[label],
            "is_member": is_member,
            "novelty": round(float(answers.novelty[0]), _DIGITS),
            "confidence": round(float(answers.confidence[0]), _DIGITS),
            "probabilities": chances,
            "type": round(float(answers.type_mean[0]), 4),
            "type_sd": round(float(answers.type_sd[0]), 4),
            "modality": str(answers.modality[0]),
            "disagrees": bool(answers.disagrees[0]),
            "by_modality": {
                name: {**found, "trust": round(shares[name], 4) if np.isfinite(shares[name]) else None}
                for name, found in single.items()
                if found is not None
            },
            "top": [
                {"class": name, "index": CLASSES.index(name), "probability": chances[name]}
                for name in sorted(chances, key=lambda name: -chances[name])
            ],
            "spectrum": _spectrum(record, facts["spectrum"]),
            "image": _image(record, facts["image"]),
            "attribution": attribution.as_json() if attribution else None,
            "findings": _findings(answers, facts),
        }

    def _answered(self, columns: dict[str, NDArray[Any]], answers: Classification, row: int) -> Answered:
        assert self._loaded is not None
        own = {name: column[row : row + 1] for name, column in columns.items()}
        record = np.zeros(1, RECORD)
        for name, column in own.items():
            record[name] = column
        explained = attribute(self._loaded, own) if bool(own["attribution"][0]) else None
        return record[0], answers.take(slice(row, row + 1)), explained


def _spectrum(record: NDArray[Any], facts: dict[str, Any] | None) -> dict[str, Any] | None:
    if facts is None:
        return None
    ivar = cast("NDArray[np.float32]", record["ivar"])
    error = np.divide(1.0, np.sqrt(ivar), out=np.zeros(len(ivar)), where=ivar > 0)
    return {
        **facts,
        "grid": GRID_FACTS,
        "flux": [_short(value) for value in record["flux"]],
        "error": [_short(value) if value > 0 else None for value in error],
    }


def _image(record: NDArray[Any], facts: dict[str, Any] | None) -> dict[str, Any] | None:
    if facts is None:
        return None
    buffer = io.BytesIO()
    Image.fromarray(record["image"]).save(buffer, "PNG")
    return {**facts, "picture": "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()}


def _findings(answers: Classification, facts: dict[str, Any]) -> list[dict[str, str]]:
    found = []
    if not answers.is_member[0]:
        found.append({
            "code": "star.unlike", "severity": "warning",
            "message": "This star looks unlike all M0 to M4 stars that the classifier was trained on.",
            "hint": "Take the class for what it would be if it were one of them.",
        })  # fmt: skip
    if answers.disagrees[0]:
        found.append({
            "code": "star.disagreement", "severity": "warning",
            "message": "Spectrum and image contradict each other.",
            "hint": "Check that both show the same star.",
        })  # fmt: skip
    if facts["spectrum"] and facts["spectrum"]["medium"] == "unknown":
        found.append({
            "code": "spectrum.medium", "severity": "info",
            "message": "The file does not say whether its wavelengths are in vacuum or air; vacuum was taken.",
            "hint": "A shift of 2 Å moves bands a little; the class hardly depends on it.",
        })  # fmt: skip
    return found


def _short(value: float) -> float:
    return float(f"{float(value):.{_FLUX_DIGITS}g}")
