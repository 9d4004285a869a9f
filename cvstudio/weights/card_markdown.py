"""A model card as Markdown. Texts that people wrote stay text, whatever signs they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cvstudio.weights.card import Card, Section

_SIGNS = re.compile(r"([\\`*_{}\[\]<>()#+!|~-])")


def card_markdown(card: Card) -> str:
    """Write the card."""
    lines = [f"# {_plain(card.title)}", ""]
    for section in card.sections:
        lines += _section(section)
    return "\n".join(lines).rstrip() + "\n"


def _section(section: Section) -> Iterator[str]:
    yield f"## {_plain(section.title)}"
    yield ""
    for text in section.lines:
        yield f"{'- ' if not section.facts else ''}{_plain(text)}"
        yield ""
    for name, value in section.facts:
        yield f"- **{_plain(name)}**: {_plain(value)}"
    if section.facts:
        yield ""
    if section.table is not None:
        yield _row(section.table.columns)
        yield "|---" * len(section.table.columns) + "|"
        yield from (_row(row) for row in section.table.rows)
        yield ""


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    return _SIGNS.sub(r"\\\1", " ".join(str(text).split()))
