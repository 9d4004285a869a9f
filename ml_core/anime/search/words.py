"""How well words fit each character, by its name and what is written about it. Free of torch.

Rare words count more than common ones, as in BM25 (S. Robertson and H. Zaragoza, "The probabilistic relevance
framework", 2009), but how often a text repeats a word does not; words that are spelt alike count in part. Two words
that stand together count as a word of their own, so that red hair is not found in blue hair and red eyes alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

from ml_core.anime.fusion.text.words import parts_of, split_words

_BETWEEN: Final = " "
_ALIKE: Final = 0.5  # share of pieces that two words must have in common to count at all


class WordMatcher:
    """Characters with their names and texts.

    Args:
        texts: By character: its name and all that is written about it.
    """

    def __init__(self, texts: Mapping[str, Iterable[str]]) -> None:
        self._words = {name: {word for text in own for word in _words_and_pairs(text)} for name, own in texts.items()}
        holders = Counter(word for words in self._words.values() for word in words)
        count = len(self._words)
        self._weights = {word: math.log(1 + (count - n + 0.5) / (n + 0.5)) for word, n in holders.items()}
        self._pieces = {word: set(parts_of(word)) for word in holders if _BETWEEN not in word}

    def scores(self, query: str) -> dict[str, float]:
        """How much of the query each character fits, 0 to 1; characters that nothing fits are left out."""
        near = [self._near(word) for word in dict.fromkeys(_words_and_pairs(query))]
        near = [found for found in near if found]
        total = sum(max(self._weights[word] * share for word, share in found.items()) for found in near)
        if total <= 0:
            return {}
        scores = {
            name: sum(
                max((self._weights[word] * share for word, share in found.items() if word in words), default=0.0)
                for found in near
            )
            for name, words in self._words.items()
        }
        return {name: score / total for name, score in scores.items() if score > 0}

    def matched(self, query: str, name: str) -> list[str]:
        """The words of a character that the query hit, best known first."""
        hits = {word for asked in split_words(query) for word in self._near(asked) if word in self._words[name]}
        return sorted(hits, key=lambda word: (-self._weights[word], word))

    def _near(self, asked: str) -> dict[str, float]:
        """Known words with how far they are the one that was asked for."""
        if asked in self._weights:
            return {asked: 1.0}
        if _BETWEEN in asked:
            return {}
        pieces = set(parts_of(asked))
        shares = {word: len(pieces & own) / len(pieces | own) for word, own in self._pieces.items()}
        return {word: share for word, share in shares.items() if share >= _ALIKE}


def _words_and_pairs(text: str) -> list[str]:
    words = split_words(text)
    return [*words, *(_BETWEEN.join(pair) for pair in pairwise(words))]
