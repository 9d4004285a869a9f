"""Text can be read in both themes: every pair of ink and ground that the components use has the contrast of WCAG AA."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[3] / "static" / "css" / "tokens.css"
AA_TEXT, AA_SIGN = 4.5, 3.0
GROUNDS = ("bg", "surface", "surface-2")
TEXT = (
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3", "accent", "ok", "warning", "failed", "running")
      for ground in GROUNDS),
    *((tone, f"{tone}-soft") for tone in ("running", "ok", "warning", "failed", "neutral", "accent")),
    *(("ink", f"{tone}-soft") for tone in ("running", "ok", "warning", "failed", "accent")),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
)  # fmt: skip
SIGNS = (
    *((f"series-{number}", "surface") for number in range(1, 9)),
    *(("line-strong", ground) for ground in GROUNDS),
    ("focus", "bg"),
    ("focus", "surface"),
)


def themes() -> dict[str, dict[str, str]]:
    """The colours of each block of tokens."""
    text = TOKENS.read_text(encoding="utf-8")
    blocks = re.findall(r"(:root[^{,]*)\{([^}]*)\}", text)
    colours = [(head.strip(), dict(re.findall(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6})", body))) for head, body in blocks]
    light = next(found for head, found in colours if head == ":root" and found)
    dark = {head: {**light, **found} for head, found in colours if "ink" in found and head != ":root"}
    assert len(dark) == 2
    return {"light": light, **dark}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """From 1 (none) to 21 (black on white)."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", list(themes()))
@pytest.mark.parametrize(("pairs", "least"), [(TEXT, AA_TEXT), (SIGNS, AA_SIGN)])
def test_every_pair_has_enough_contrast(theme, pairs, least):
    tokens = themes()[theme]
    weak = {pair: round(contrast(tokens[pair[0]], tokens[pair[1]]), 2) for pair in pairs}
    assert {pair: value for pair, value in weak.items() if value < least} == {}


def test_both_ways_to_the_dark_theme_have_the_same_colours():
    first, second = (colours for name, colours in themes().items() if name != "light")
    assert first == second
