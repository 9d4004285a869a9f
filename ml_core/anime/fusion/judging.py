"""How often image, text and both are right, also where the text is partial, missing or about somebody else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.anime.fusion.captions import CharacterTexts
from ml_core.anime.fusion.pooling import Pooling, shares_of
from ml_core.anime.fusion.text.changes import keep_some
from ml_core.anime.recognise.scores import summary

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_PARTIAL_SHARE: Final = 1 / 3  # of the words, where nobody wrote a partial text
_DROPPED: Final = 0.5  # of the words of a shortened text
_VIEWS: Final = 5  # shortened texts of each character
SCORES: Final = ("image", "text", "both", "both_partial", "both_missing", "both_wrong")


@dataclass(frozen=True)
class AskedTexts:
    """Texts that none was learnt from, by what they are like; a list for each character.

    Attributes:
        full: One that says much.
        partial: Those that fit others as well.
        shortened: The full one with half of its words.
    """

    full: list[str]
    partial: list[list[str]]
    shortened: list[list[str]]


def texts_to_ask(texts: Sequence[CharacterTexts], kept: Sequence[str], seed: int) -> AskedTexts:
    """What to ask about each character, from its texts and the one that was kept back."""
    rng = np.random.default_rng([seed, 3])
    partial = [
        list(own.partial) or [keep_some(text, _PARTIAL_SHARE, rng) for _ in range(_VIEWS)]
        for own, text in zip(texts, kept, strict=True)
    ]
    return AskedTexts(list(kept), partial, [[keep_some(text, _DROPPED, rng) for _ in range(_VIEWS)] for text in kept])


def judge(
    image: Floats,
    labels: Integers,
    asked: AskedTexts,
    places: Sequence[int],
    read: Callable[[Sequence[str]], Floats],
    pooling: Pooling,
) -> dict[str, dict[str, float]]:
    """Scores (`summary`) of each condition; where several texts are asked, all of them count.

    Args:
        image: (N, C) logarithms of probabilities by images alone.
        labels: (N,) columns of their characters, all among ``places``.
        asked: Texts by character.
        places: Column of each character of ``asked``.
        read: (M, C) logarithms of evidence of texts.
        pooling: What joins them.
    """
    row_of = {place: row for row, place in enumerate(places)}
    own = [row_of[label] for label in labels.tolist()]
    others = [[text for other, text in enumerate(asked.full) if other != row] for row in range(len(asked.full))]
    full = [[text] for text in asked.full]
    texts: Mapping[str, list[list[str]]] = {
        "text": full,
        "text_partial": asked.partial,
        "both": full,
        "both_shortened": asked.shortened,
        "both_partial": asked.partial,
        "both_missing": [[""] for _ in full],
        "both_wrong": others,
    }
    found = {"image": summary(np.exp(image), labels)}
    for name, by_character in texts.items():
        pairs = [(number, text) for number, row in enumerate(own) for text in by_character[row]]
        if not pairs:
            continue  # one described character alone has no other whose text could be taken
        rows = np.array([number for number, _ in pairs])
        evidence = _read_once(read, [text for _, text in pairs])
        is_alone = name.startswith("text")
        found[name] = summary(
            shares_of(evidence) if is_alone else pooling.joined(image[rows], evidence)[0], labels[rows]
        )
    return found


def top1_of(details: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The scores that everybody looks at."""
    return {name: float(details[name]["top1"]) for name in SCORES if name in details}


def _read_once(read: Callable[[Sequence[str]], Floats], texts: list[str]) -> Floats:
    distinct = list(dict.fromkeys(texts))
    place = {text: number for number, text in enumerate(distinct)}
    return read(distinct)[[place[text] for text in texts]]
