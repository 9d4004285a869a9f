"""Texts as people write them: words left out, misspelt, or with nothing to do with anybody. Free of torch."""

from __future__ import annotations

from typing import Final

import numpy as np

_MOST_DROPPED: Final = 0.8
_TYPO_SHARE: Final = 0.05
_WHOLE_SHARE: Final = 0.2  # of the texts that are shown as they were written
_LETTERS: Final = "aaabcdeeefghiiijklmnooopqrstuuuvwxyz"
_COMMON: Final = ("a", "the", "with", "and", "of", "in", "on", "is", "this", "image", "picture", "anime", "character")


def shorten(text: str, rng: np.random.Generator) -> str:
    """The text with up to most of its words left out; at least one word stays."""
    if rng.random() < _WHOLE_SHARE:
        return text
    return keep_some(text, 1 - rng.uniform(0, _MOST_DROPPED), rng)


def misspell(text: str, rng: np.random.Generator) -> str:
    """The text with a typing error in some words."""
    return " ".join(_misspelt(word, rng) if rng.random() < _TYPO_SHARE else word for word in text.split())


def keep_some(text: str, share: float, rng: np.random.Generator) -> str:
    """About ``share`` of the words, in their order; at least one. A text without blanks loses signs."""
    pieces, joint = (text.split(), " ") if " " in text else (list(text), "")
    kept = max(1, round(share * len(pieces)))
    chosen = np.sort(rng.permutation(len(pieces))[:kept])
    return joint.join(pieces[place] for place in chosen)


def say_nothing(rng: np.random.Generator) -> str:
    """Words that tell nobody apart: invented ones among common ones."""
    words = [
        str(rng.choice(_COMMON)) if rng.random() < 0.4 else "".join(rng.choice(list(_LETTERS), rng.integers(2, 10)))
        for _ in range(int(rng.integers(1, 12)))
    ]
    return " ".join(words)


def _misspelt(word: str, rng: np.random.Generator) -> str:
    """One letter missing or doubled."""
    place = int(rng.integers(len(word)))
    if rng.random() < 0.5 and len(word) > 1:
        return word[:place] + word[place + 1 :]
    return word[: place + 1] + word[place:]
