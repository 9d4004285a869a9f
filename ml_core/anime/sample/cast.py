"""Who is drawn: looks that one recognises, and the words that describe them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Looks:
    """A character.

    Attributes:
        name: Hers or his.
        hair: Colour.
        cut: ``bob``, ``long``, ``tails``, ``spikes``, ``bun`` or ``short``.
        eyes: Colour of the irises.
        clothes: Colour.
        collar: ``sailor``, ``hood``, ``tie`` or ``round``.
        extra: ``ribbon``, ``glasses``, ``cat ears``, ``hairpin``, or nothing.
        extra_colour: Colour of it.
        skin: Colour.
        full: A text that tells who it is.
        partial: A text that fits several.
    """

    name: str
    hair: Colour
    cut: str
    eyes: Colour
    clothes: Colour
    collar: str
    extra: str
    extra_colour: Colour
    skin: Colour
    full: str
    partial: str


_FAIR: Final = (255, 226, 204)
_LIGHT: Final = (250, 213, 186)
_TAN: Final = (216, 164, 124)

CAST: Final = (
    Looks("Akari", (228, 74, 66), "tails", (60, 140, 70), (40, 60, 120), "sailor", "ribbon", (250, 220, 90), _FAIR,
          "Akari has red hair in two tails with yellow ribbons, green eyes and a dark blue sailor collar.",
          "Somebody with red hair."),
    Looks("Benio", (226, 84, 74), "bob", (90, 70, 180), (60, 60, 66), "tie", "glasses", (40, 40, 46), _LIGHT,
          "Benio wears glasses and a tie; her red hair is cut to a bob and her eyes are violet.",
          "Somebody with red hair."),
    Looks("Chiyo", (70, 110, 210), "long", (60, 120, 220), (240, 240, 244), "sailor", "hairpin", (250, 120, 150), _FAIR,
          "Chiyo has long blue hair with a pink hairpin, blue eyes and a white sailor collar.",
          "Somebody with blue hair."),
    Looks("Daichi", (60, 84, 170), "spikes", (200, 130, 40), (220, 110, 50), "hood", "", _FAIR, _TAN,
          "Daichi has spiky dark blue hair, amber eyes and an orange hood.",
          "Somebody with blue hair."),
    Looks("Emi", (250, 206, 96), "bun", (170, 70, 60), (120, 190, 160), "round", "ribbon", (220, 60, 80), _FAIR,
          "Emi's golden hair is tied to a bun with a red ribbon; she has red-brown eyes and a mint dress.",
          "Somebody with golden hair."),
    Looks("Fuyu", (226, 230, 240), "short", (120, 190, 210), (90, 90, 130), "hood", "cat ears", (226, 230, 240), _FAIR,
          "Fuyu has short white hair, cat ears, pale blue eyes and a grey hood.",
          "Somebody with short hair."),
    Looks("Goro", (52, 46, 50), "short", (90, 60, 40), (150, 40, 50), "tie", "", _FAIR, _LIGHT,
          "Goro has short black hair, brown eyes and a dark red tie.",
          "Somebody with short hair."),
    Looks("花子", (58, 50, 56), "long", (180, 40, 90), (190, 60, 130), "round", "hairpin", (250, 240, 120), _LIGHT,
          "花子 has long black hair with a yellow hairpin, crimson eyes and a magenta dress.",
          "Somebody with long hair."),
)  # fmt: skip
