"""A small text encoder trained from nothing: words and their spelling, one layer of attention, the mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from ml_core.anime.fusion.text.words import bucket, parts_of, split_words

_MOST_WORDS: Final = 96  # of a text that are read
_MOST_PARTS: Final = 16  # of a word
_MOST_KNOWN: Final = 20_000  # words of the vocabulary
Tokens = dict[str, Tensor]


class ScratchEncoder(nn.Module):
    """Texts to features.

    A word is the sum of its own vector, where the vocabulary knows it, and of the mean of its pieces' (P. Bojanowski et
    al., "Enriching word vectors with subword information", 2017), so that misspelt and unseen words still say
    something.

    Args:
        vocabulary: Known words.
        width: Values of a feature vector.
        buckets: Vectors that the pieces share.
    """

    kind = "scratch"

    def __init__(self, vocabulary: Sequence[str], width: int = 64, buckets: int = 4096) -> None:
        super().__init__()
        self.vocabulary, self.width, self._buckets = list(vocabulary), width, buckets
        self._places = {word: place for place, word in enumerate(self.vocabulary, start=1)}
        self.words = nn.Embedding(len(self.vocabulary) + 1, width, padding_idx=0)
        self.parts = nn.Embedding(buckets + 1, width, padding_idx=0)
        self.positions = nn.Embedding(_MOST_WORDS, width)
        for table in (self.words, self.parts, self.positions):
            nn.init.normal_(table.weight, std=0.1)
        self.layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.0, batch_first=True, norm_first=True)
        self.norm = nn.LayerNorm(width)

    @property
    def settings(self) -> dict[str, Any]:
        """What makes an equal one."""
        return {"vocabulary": self.vocabulary, "width": self.width, "buckets": self._buckets}

    def tokenise(self, texts: Sequence[str]) -> Tokens:
        """``words`` (N, L) and ``parts`` (N, L, G) int64, 0 where there is none; L and G fit the longest."""
        split = [split_words(text)[:_MOST_WORDS] for text in texts]
        pieces = [[parts_of(word)[:_MOST_PARTS] for word in words] for words in split]
        length = max([1, *(len(words) for words in split)])
        depth = max([1, *(len(piece) for words in pieces for piece in words)])
        words = torch.zeros(len(texts), length, dtype=torch.int64)
        parts = torch.zeros(len(texts), length, depth, dtype=torch.int64)
        for row, known in enumerate(split):
            for column, word in enumerate(known):
                words[row, column] = self._places.get(word, 0)
                numbers = [bucket(part, self._buckets) for part in pieces[row][column]]
                parts[row, column, : len(numbers)] = torch.tensor(numbers)
        return {"words": words, "parts": parts}

    def forward(self, tokens: Tokens) -> Tensor:
        """Features (N, width); a text without words has zeros before the norm."""
        parts = tokens["parts"]
        counted = (parts > 0).sum(2, keepdim=True)
        spelt = self.parts(parts).sum(2) / counted.clamp(min=1)
        is_word = counted[:, :, 0] > 0
        values = self.words(tokens["words"]) + spelt + self.positions.weight[: parts.shape[1]]
        hidden = ~is_word
        hidden = hidden & ~hidden.all(1, keepdim=True)  # attention to nothing at all would be NaN
        seen = self.layer(values, src_key_padding_mask=hidden) * is_word[:, :, None]
        features: Tensor = self.norm(seen.sum(1) / is_word.sum(1, keepdim=True).clamp(min=1))
        return features


def collect_vocabulary(texts: Iterable[str]) -> list[str]:
    """The words of some texts, most frequent first."""
    counts = Counter(word for text in texts for word in split_words(text))
    return [word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_KNOWN]]
