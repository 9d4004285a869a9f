"""One image with a text, or one of both, to an answer about characters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ml_core.anime.collection.square import Fit, side_for
from ml_core.anime.fusion.fusion import Fusion
from ml_core.anime.fusion.record import as_record, read_record
from ml_core.anime.fusion.storage import load_fusion
from ml_core.anime.predict.answering import Answered as Seen
from ml_core.anime.predict.answering import answered, listed, seen_as_json
from ml_core.anime.recognise.storage import read_recogniser_facts
from ml_core.run.predictor import predictor

_DIGITS: Final = 6


@dataclass(frozen=True)
class Answered:
    """Probabilities (C,) by both and by the text, and what is known of the image; None for what was not there."""

    both: NDArray[np.float64]
    image: Seen | None
    text: NDArray[np.float64] | None
    trust: float | None


@predictor("anime.fusion")
class FusionPredictor:
    """Answers with the most probable characters by image and text, and what each says alone."""

    def __init__(self) -> None:
        self._fusion: Fusion | None = None

    def load(self, folder: Path, device: str) -> None:
        """Read a weight folder; answers are made on the CPU.

        Raises:
            WeightFileError: The folder is incomplete or damaged.
        """
        self._fusion = load_fusion(folder)
        self._fit: Fit = read_recogniser_facts(folder).get("fit_picture", "crop")
        network = self._fusion.recogniser.network
        self._side = side_for(network.size if network else 0)

    def preprocess(self, content: bytes) -> Tensor:
        """A packed question (see `pack_question`), or an image by itself, to a record; see `as_record`."""
        return as_record(content, self._fit, self._side)

    def forward(self, batch: Tensor) -> list[Answered]:
        """Records (N, bytes) to answers."""
        return [self._answer(record) for record in batch]

    def _answer(self, record: Tensor) -> Answered:
        assert self._fusion is not None
        text, pixels, _ = read_record(record, self._side)
        if pixels is None:
            read = self._fusion.read([text])[0]
            return Answered(read, None, read, None)
        recogniser = self._fusion.recogniser
        seen = recogniser.answer(pixels)
        answer = self._fusion.heard(seen.probabilities, [text])
        told, trust = (answer.text[0], float(answer.trust[0])) if text else (None, None)
        return Answered(answer.probabilities[0], answered(recogniser, seen, 0, pixels[0]), told, trust)

    def postprocess(self, row: Answered) -> dict[str, Any]:
        """One answer as JSON; ``trust`` is how probable it is that the text is about the image's character.

        With an image there is also what a recogniser says of it (see `seen_as_json`).
        """
        assert self._fusion is not None
        recogniser = self._fusion.recogniser
        names, seen = recogniser.characters, row.image
        return {
            "top": listed(row.both, names),
            "image": None if seen is None else listed(seen.probabilities, names),
            "text": None if row.text is None else listed(row.text, names),
            "trust": None if row.trust is None else round(row.trust, _DIGITS),
            **({} if seen is None else seen_as_json(recogniser, seen)),
        }
