"""Searches an index by an image or by words, in the inference worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from ml_core.anime.collection.square import Fit, side_for
from ml_core.anime.errors import RecogniserError
from ml_core.anime.fusion.fusion import Fusion
from ml_core.anime.fusion.record import as_record, read_record
from ml_core.anime.fusion.storage import FACTS as FUSION_FACTS
from ml_core.anime.fusion.storage import load_fusion
from ml_core.anime.recognise.recogniser import Recogniser
from ml_core.anime.recognise.storage import load_recogniser, read_recogniser_facts, space_of
from ml_core.anime.search.index import Found, SearchIndex
from ml_core.run.predictor import predictor


@predictor("anime.search")
class SearchPredictor:
    """Answers with the images of a collection that fit best. The folder is that of an index (`anime.index`)."""

    def __init__(self) -> None:
        self._index: SearchIndex | None = None

    def load(self, folder: Path, device: str) -> None:
        """Read an index and the model beside it; everything is computed on the CPU.

        Raises:
            RecogniserError: ``anime.index_damaged``, ``anime.other_database``.
            WeightFileError: The model is damaged.
        """
        self._index = SearchIndex(folder)
        self._fusion: Fusion | None = load_fusion(folder) if (folder / FUSION_FACTS).is_file() else None
        self._recogniser: Recogniser = self._fusion.recogniser if self._fusion else load_recogniser(folder)
        if self._index.space != space_of(self._recogniser):
            raise RecogniserError(
                "The index belongs to another model: its vectors cannot be compared with this one's.",
                code="anime.other_database",
                hint="Make the index again.",
                where=folder.name,
            )
        self._fit: Fit = read_recogniser_facts(folder).get("fit_picture", "crop")
        self._side = side_for(self._recogniser.network.size if self._recogniser.network else 0)

    def preprocess(self, content: bytes) -> Tensor:
        """A packed question (see `pack_question`, with ``limit``) to a record; see `as_record`."""
        return as_record(content, self._fit, self._side)

    def forward(self, batch: Tensor) -> list[list[Found]]:
        """Records (N, bytes) to what was found. An image decides where there is one, else the words."""
        return [self._search(*read_record(record, self._side)) for record in batch]

    def _search(self, words: str, pixels: Tensor | None, limit: int) -> list[Found]:
        assert self._index is not None
        if pixels is not None:
            return self._index.by_vector(self._recogniser.vectors(pixels)[0].numpy(), limit)
        if self._fusion is None:
            return self._index.by_words(words, limit)
        read = dict(zip(self._recogniser.characters, self._fusion.read([words])[0].tolist(), strict=True))
        known = {name: read[name] for name in self._fusion.described}
        return self._index.by_words(words, limit, known)

    def postprocess(self, row: list[Found]) -> dict[str, Any]:
        """What was found as JSON, best first."""
        return {"found": [found.as_json() for found in row]}
