"""Operators and starter templates in the reader's language. `ml_core` itself speaks English."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext, pgettext

from ml_core.graph import operators, templates

Json = dict[str, Any]
ENTRIES = ("inputs", "outputs", "params")


def translated_operators() -> list[Json]:
    """The catalogue with titles, descriptions and helps in the active language."""
    return [_operator(entry) for entry in operators()]


def translated_templates(input_shape: Sequence[int] = (3, 64, 64), classes: int = 10) -> list[Json]:
    """Starter documents with titles and descriptions in the active language; the documents stay as they are."""
    return [_titled(entry) for entry in templates(input_shape, classes)]


def catalogue_titles() -> Iterator[str]:
    """Every title of the catalogue; `catalogue_words.py` beside lists the same for translators."""
    for entry in [*operators(), *templates()]:
        yield entry["title"]


def catalogue_sentences() -> Iterator[str]:
    """Every description and help of the catalogue; listed there as well."""
    for entry in [*operators(), *templates()]:
        yield entry["description"]
        parts = [part for key in ENTRIES for part in entry.get(key, [])]
        yield from (part["help"] for part in parts if part["help"])


def _operator(entry: Json) -> Json:
    parts = {key: [{**part, "help": _sentence(part["help"])} for part in entry[key]] for key in ENTRIES}
    return {**_titled(entry), **parts}


def _titled(entry: Json) -> Json:
    # "Add" is an operator here and a button elsewhere.
    return {**entry, "title": pgettext("operator", entry["title"]), "description": _sentence(entry["description"])}


def _sentence(text: str) -> str:
    # The empty text is the header of a translation file, not a word.
    return gettext(text) if text else ""
