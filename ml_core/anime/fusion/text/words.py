"""Words of a text in any script. Free of torch."""

from __future__ import annotations

import re
import unicodedata
import zlib
from typing import Final

_WORD: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|[^\W_]+", re.UNICODE)
_LONGEST: Final = 64
_GRAM: Final = 3


def split_words(text: str) -> list[str]:
    """Words in lower case; scripts without blanks give a word for each sign."""
    return [word[:_LONGEST] for word in _WORD.findall(unicodedata.normalize("NFKC", text).lower())]


def parts_of(word: str) -> list[str]:
    """The word's pieces of three signs with its ends marked: words that are spelt alike share most of them."""
    marked = f"<{word}>"
    return [marked[start : start + _GRAM] for start in range(max(1, len(marked) - _GRAM + 1))]


def bucket(part: str, buckets: int) -> int:
    """A number from 1 to ``buckets`` for a piece, the same in every process."""
    return 1 + zlib.crc32(part.encode()) % buckets
