"""The index of a collection: a vector and a character for each image, searched exactly. Free of torch.

```
index.json      whose space the vectors are in, names of characters, and what is written about them
vectors.npy     (N, R) float32 unit vectors
labels.npy      (N,) int32, character of each image
sure.npy        (N,) float32, how sure the recogniser is of it
paths.jsonl     a line for each image: its path
offsets.npy     (N,) int64, where its line begins
```
Arrays are mapped and read block by block.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.anime.errors import RecogniserError
from ml_core.anime.search.words import WordMatcher
from ml_core.run.files import write_json_atomic

FACTS: Final = "index.json"
VECTORS: Final = "vectors.npy"
LABELS: Final = "labels.npy"
SURE: Final = "sure.npy"
PATHS: Final = "paths.jsonl"
OFFSETS: Final = "offsets.npy"
_FORMAT: Final = 1
_BLOCK: Final = 16_384  # vectors that are compared at once: bounds the memory of a search
_DIGITS: Final = 6

Floats = NDArray[np.floating[Any]]
Block = tuple[Floats, NDArray[np.integer[Any]], Floats, Sequence[str]]


@dataclass(frozen=True)
class Found:
    """An image that fits a search.

    Attributes:
        path: Relative to the folder of the collection's images.
        character: Under whose name it lies.
        similarity: Cosine to the image that was asked by; for words how well the character fits, 0 to 1.
        because: Words that were hit; empty for a search by image.
    """

    path: str
    character: str
    similarity: float
    because: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As answers carry it."""
        return {
            "path": self.path,
            "character": self.character,
            "similarity": round(self.similarity, _DIGITS),
            "because": list(self.because),
        }


class SearchIndex:
    """Opens an index.

    Args:
        folder: Where it lies.

    Raises:
        RecogniserError: ``anime.index_damaged``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            if facts["format"] != _FORMAT:
                raise ValueError(facts["format"])
            self.characters = [str(name) for name in facts["characters"]]
            self.space = str(facts["space"])
            self._texts = {str(name): [str(text) for text in own] for name, own in facts["texts"].items()}
            self._vectors, self._labels, self._sure, self._offsets = (
                np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in (VECTORS, LABELS, SURE, OFFSETS)
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _damaged(folder) from error
        counts = {len(part) for part in (self._vectors, self._labels, self._sure, self._offsets)}
        if self._vectors.ndim != 2 or len(counts) != 1:
            raise _damaged(folder)
        self._matcher = WordMatcher({name: [name, *self._texts.get(name, [])] for name in self.characters})

    def __len__(self) -> int:
        return len(self._labels)

    def by_vector(self, vector: Floats, limit: int = 24) -> list[Found]:
        """The images most similar to (R,), best first: exact, by comparing all.

        Memory for the comparison does not grow with the index.
        """
        values, places = np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.int64)
        query = np.asarray(vector, dtype=np.float32)
        for start in range(0, len(self), _BLOCK):
            found = self._vectors[start : start + _BLOCK] @ query
            values = np.concatenate([values, found])
            places = np.concatenate([places, np.arange(start, start + len(found))])
            best = _best(values, limit)
            values, places = values[best], places[best]
        return [self._found(int(place), float(value)) for place, value in zip(places, values, strict=True)]

    def by_words(self, query: str, limit: int = 24, read: Mapping[str, float] | None = None) -> list[Found]:
        """Images of the characters that words fit, best first; one that hardly looks like its character comes later.

        Args:
            query: Words of a name, or of what is written about a character.
            limit: Most images.
            read: How probable each character is by somebody who has learnt such texts; the better of both counts.
        """
        scores = self._matcher.scores(query)
        for name, share in (read or {}).items():
            scores[name] = max(scores.get(name, 0.0), share)
        fits = np.array([scores.get(name, 0.0) for name in self.characters], dtype=np.float32)[self._labels]
        values = fits * (1 + self._sure) / 2
        because = {name: tuple(self._matcher.matched(query, name)) for name in self.characters if name in scores}
        return [
            self._found(place, float(fits[place]), because[self.characters[self._labels[place]]])
            for place in _best(values, limit).tolist()
            if values[place] > 0
        ]

    def _found(self, place: int, similarity: float, because: tuple[str, ...] = ()) -> Found:
        with (self._folder / PATHS).open("rb") as stream:
            stream.seek(int(self._offsets[place]))
            path = str(json.loads(stream.readline()))
        return Found(path, self.characters[self._labels[place]], similarity, because)


def _best(values: Floats, limit: int) -> NDArray[np.int64]:
    """Places of the largest values, largest first, the earlier of equal ones first."""
    if len(values) > limit:
        least = np.partition(values, len(values) - limit)[len(values) - limit]
        chosen = np.flatnonzero(values >= least)
    else:
        chosen = np.arange(len(values))
    order: NDArray[np.int64] = chosen[np.argsort(-values[chosen], kind="stable")][:limit]
    return order


def write_index(folder: Path, facts: dict[str, Any], length: int, count: int, blocks: Iterable[Block]) -> None:
    """Write an index.

    Args:
        folder: Where to; it is made where it is missing.
        facts: ``characters``, ``texts`` by character, and ``space`` of the vectors.
        length: Values of a vector.
        count: Images in all blocks.
        blocks: Vectors (n, R), labels (n,), how sure the recogniser is (n,), and paths, a part of the images each.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vectors = _open(folder / VECTORS, np.float32, (count, length))
    labels, sure = _open(folder / LABELS, np.int32, (count,)), _open(folder / SURE, np.float32, (count,))
    offsets = _open(folder / OFFSETS, np.int64, (count,))
    start = 0
    with (folder / PATHS).open("wb") as stream:
        for part, own, certainty, paths in blocks:
            rows = slice(start, start + len(paths))
            vectors[rows], labels[rows], sure[rows] = part, own, certainty
            for place, path in enumerate(paths, start=start):
                offsets[place] = stream.tell()
                stream.write(json.dumps(path).encode() + b"\n")
            start += len(paths)
    for array in (vectors, labels, sure, offsets):
        array.flush()
    write_json_atomic(folder / FACTS, {"format": _FORMAT, **facts})


def _open(path: Path, dtype: Any, shape: tuple[int, ...]) -> np.memmap[Any, Any]:
    if 0 in shape:
        raise ValueError("an index of nothing")
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)


def _damaged(folder: Path) -> RecogniserError:
    return RecogniserError(
        "The index of the collection is missing or damaged.",
        code="anime.index_damaged",
        hint="Make it again: nothing else is lost with it.",
        where=folder.name,
    )
