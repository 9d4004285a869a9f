"""What came of a run in a sentence or two, in the language of the reader. Apps register how theirs are said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cvstudio.runs.models import Run

Sentence = Callable[[Mapping[str, Any]], str]

_sentences: dict[str, Sentence] = {}


def register_verdict(recipe: str, sentence: Sentence) -> None:
    """Let `sentence` say what came of runs of `recipe` from their result; it is empty where the result is too old."""
    _sentences[recipe] = sentence


def verdict_of(run: Run) -> str:
    """The sentence for people; that of the recipe itself, in English, where no other is registered."""
    result = run.result or {}
    sentence = _sentences.get(run.recipe)
    return (sentence(result) if sentence else "") or str(result.get("verdict") or "")
