"""One image to an answer: who it is, whether it is anybody known, what it is like, and where the network looked."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ml_core.anime.collection.square import Fit, side_for, square_picture
from ml_core.anime.recognise.recogniser import Answer, Recogniser
from ml_core.anime.recognise.storage import load_recogniser, read_recogniser_facts
from ml_core.run.predictor import predictor

_MOST_CHARACTERS: Final = 100  # an answer is read by people
_NEAREST: Final = 12
_DIGITS: Final = 6


@dataclass(frozen=True)
class Answered:
    """What is known of one image before it becomes JSON.

    Attributes:
        pixels: (3, S, S) uint8, the square that was looked at.
        probabilities: (C,) over the known characters.
        familiarity: Similarity to the best prototype.
        is_unknown: Whether it is below the threshold.
        nearest: Positions of the most similar known images and their similarities, best first.
        seen: Grad-CAM of ``seen_of``, (h, w) of 0..1; None where nothing speaks for it.
        seen_of: The most probable character among those that the network knows.
    """

    pixels: Tensor
    probabilities: NDArray[np.float64]
    familiarity: float
    is_unknown: bool
    nearest: list[tuple[int, float]]
    seen: Tensor | None
    seen_of: str | None


@predictor("anime.recogniser")
@predictor("anime.distill")
@predictor("anime.classifier")
class CharacterPredictor:
    """Answers with the most probable characters, best first, and with what the answer rests on."""

    def __init__(self) -> None:
        self._recogniser: Recogniser | None = None

    def load(self, folder: Path, device: str) -> None:
        """Read a weight folder. Descriptions are made on the CPU, and so the whole answer.

        Raises:
            WeightFileError: The folder is incomplete or damaged.
        """
        self._recogniser = load_recogniser(folder)
        self._fit: Fit = read_recogniser_facts(folder).get("fit_picture", "crop")
        self._side = side_for(self._recogniser.network.size if self._recogniser.network else 0)

    def preprocess(self, content: bytes) -> Tensor:
        """An encoded image to the uint8 square (3, S, S) that the recogniser looks at.

        Raises:
            FormatError: It cannot be decoded.
            UnsafeFileError: It has too many pixels.
        """
        return square_picture(content, self._fit, self._side)

    def forward(self, batch: Tensor) -> list[Answered]:
        """uint8 (N, 3, S, S) to answers."""
        assert self._recogniser is not None
        answer = self._recogniser.answer(batch)
        return [answered(self._recogniser, answer, row, batch[row]) for row in range(len(batch))]

    def postprocess(self, row: Answered) -> dict[str, Any]:
        """One answer as JSON; see `seen_as_json`."""
        assert self._recogniser is not None
        names = self._recogniser.characters
        return {"top": listed(row.probabilities, names), **seen_as_json(self._recogniser, row)}


def answered(recogniser: Recogniser, answer: Answer, row: int, pixels: Tensor) -> Answered:
    """What is known of one image, (3, S, S) uint8, of those that were answered."""
    return Answered(
        pixels,
        answer.probabilities[row],
        float(answer.familiarity[row]),
        bool(answer.is_unknown[row]),
        nearest_images(recogniser, answer.vectors[row]),
        *_activation(recogniser, pixels, answer.probabilities[row]),
    )


def listed(probabilities: NDArray[np.float64], names: Sequence[str]) -> list[dict[str, Any]]:
    """The most probable characters, best first, as JSON."""
    return [
        {
            "name": names[place],
            "class": names[place],  # what pages for any classifier read
            "index": place,
            "probability": round(float(probabilities[place]), _DIGITS),
        }
        for place in np.argsort(-probabilities, kind="stable")[:_MOST_CHARACTERS].tolist()
    ]


def seen_as_json(recogniser: Recogniser, row: Answered) -> dict[str, Any]:
    """What an answer rests on; the square and the grey map that lies over it are PNG as data addresses."""
    return {
        "is_unknown": row.is_unknown,
        "familiarity": round(row.familiarity, _DIGITS),
        "familiar_from": round(recogniser.calibration.familiar, _DIGITS),
        "nearest": [
            {
                "name": recogniser.characters[int(recogniser.exemplars.labels[place])],
                "image": recogniser.exemplars.names[place],
                "similarity": round(similarity, _DIGITS),
            }
            for place, similarity in row.nearest
        ],
        "square": _as_png(row.pixels.permute(1, 2, 0).numpy()),
        "activation_map": None if row.seen is None else _as_png((row.seen * 255).round().byte().numpy()),
        "activation_of": row.seen_of,
    }


def nearest_images(recogniser: Recogniser, vector: Tensor, count: int = _NEAREST) -> list[tuple[int, float]]:
    """Positions among the exemplars and cosines of those most similar to (R,), best first; all are compared."""
    known = recogniser.exemplars.vectors
    values, places = (known @ vector).topk(min(count, len(known)))
    return list(zip(places.tolist(), values.tolist(), strict=True))


def _activation(
    recogniser: Recogniser, pixels: Tensor, probabilities: NDArray[np.float64]
) -> tuple[Tensor | None, str | None]:
    network, names = recogniser.network, recogniser.network_classes
    places = [recogniser.characters.index(name) for name in names if name in recogniser.characters]
    if network is None or not places:
        return None, None
    name = recogniser.characters[max(places, key=lambda place: probabilities[place])]
    seen = network.activation_map(pixels, names.index(name))
    return (seen, name) if seen.any() else (None, None)  # nothing in the image speaks for it


def _as_png(pixels: NDArray[np.uint8]) -> str:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
