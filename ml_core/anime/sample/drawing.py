"""Draws a character's face and shoulders, with Pillow alone: hair, eyes, clothes, and a mood of the moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from ml_core.anime.sample.cast import Colour, Looks

STYLES: Final = ("ink", "pastel", "screen")
"""Sources of the images: outlines on flat colours, soft without outlines, dim and wide as from a film."""

_FINE: Final = 2  # drawn so many times larger, then reduced
_WHITE: Final = (255, 255, 255)
_DARK: Final = (44, 34, 40)
Point = tuple[float, float]


@dataclass(frozen=True)
class Moment:
    """What differs between images of one character.

    Attributes:
        style: One of `STYLES`.
        x: Of the face's middle, as a share of the width.
        y: Of the face's middle, as a share of the height.
        radius: Of the face, as a share of the height.
        tilt: Degrees to the left.
        look: Where the eyes turn, -1 to 1.
        lids: ``open``, ``wink`` or ``shut``.
        mouth: ``smile``, ``open`` or ``flat``.
        ground: Colour behind.
        pattern: ``plain``, ``dots`` or ``stripes``.
    """

    style: str
    x: float
    y: float
    radius: float
    tilt: float
    look: float
    lids: str
    mouth: str
    ground: Colour
    pattern: str


def a_moment(style: str, rng: np.random.Generator) -> Moment:
    """Chances decide."""
    wide = style == "screen"
    x, y = rng.uniform(0.36, 0.64), rng.uniform(0.45, 0.56)
    radius = rng.uniform(0.20, 0.27) if wide else rng.uniform(0.27, 0.34)
    red, green, blue = (int(value) for value in rng.integers(*((40, 150) if wide else (170, 250)), 3))
    return Moment(
        style, float(x), float(y), float(radius), float(rng.uniform(-14, 14)), float(rng.uniform(-1, 1)),
        str(rng.choice(["open", "open", "open", "open", "wink", "shut"])), str(rng.choice(["smile", "open", "flat"])),
        (red, green, blue), str(rng.choice(["plain", "dots", "stripes"])),
    )  # fmt: skip


def draw(looks: Looks, moment: Moment, height: int, rng: np.random.Generator) -> Image.Image:
    """One image, ``height`` pixels high; those in the style ``screen`` are wider than high."""
    width = round(height * (1.5 if moment.style == "screen" else 1.0))
    large = (width * _FINE, height * _FINE)
    ground = _ground(moment, large, rng)
    figure = Image.new("RGBA", large, (0, 0, 0, 0))
    pen = _Pen(figure, moment, moment.x * large[0], moment.y * large[1], moment.radius * large[1])
    _body(pen, looks)
    _hair_behind(pen, looks)
    _face(pen, looks, moment)
    _hair_before(pen, looks)
    _extra(pen, looks)
    turned = figure.rotate(moment.tilt, Image.Resampling.BICUBIC, center=(pen.x, pen.y + pen.r))
    ground.paste(turned, (0, 0), turned)
    return _finish(ground.resize((width, height), Image.Resampling.LANCZOS), moment, rng)


class _Pen:
    """Draws in units of the face's radius around its middle; in the style ``ink`` with outlines."""

    def __init__(self, image: Image.Image, moment: Moment, x: float, y: float, r: float) -> None:
        self._draw = ImageDraw.Draw(image)
        self.x, self.y, self.r = x, y, r
        self.outline = _DARK if moment.style == "ink" else None
        self.soft = moment.style == "pastel"
        self.width = max(1, round(0.035 * r))

    def at(self, x: float, y: float) -> Point:
        return self.x + x * self.r, self.y + y * self.r

    def colour(self, colour: Colour) -> Colour:
        return _mixed(colour, _WHITE, 0.25) if self.soft else colour

    def round(self, x: float, y: float, rx: float, ry: float, fill: Colour, *, lined: bool = True) -> None:
        box = [self.at(x - rx, y - ry), self.at(x + rx, y + ry)]
        self._draw.ellipse(box, self.colour(fill), self.outline if lined else None, self.width)

    def shape(self, points: list[Point], fill: Colour) -> None:
        places = [self.at(*point) for point in points]
        self._draw.polygon(places, self.colour(fill))
        if self.outline:
            self._draw.line([*places, places[0]], self.outline, self.width, joint="curve")

    def arc(self, x: float, y: float, rx: float, ry: float, start: float, end: float, fill: Colour) -> None:
        self._draw.arc([self.at(x - rx, y - ry), self.at(x + rx, y + ry)], start, end, fill, 2 * self.width)


def _ground(moment: Moment, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", size, moment.ground)
    draw, step = ImageDraw.Draw(image), size[1] // 7
    tint = _mixed(moment.ground, _WHITE, 0.25)
    if moment.pattern == "dots":
        for x in range(int(rng.integers(step)), size[0], step):
            for y in range(int(rng.integers(step)), size[1], step):
                draw.ellipse([x, y, x + step // 3, y + step // 3], tint)
    if moment.pattern == "stripes":
        for x in range(-size[1], size[0], step):
            draw.line([(x, size[1]), (x + size[1], 0)], tint, step // 3)
    return image


def _body(pen: _Pen, looks: Looks) -> None:
    pen.shape([(-0.3, 0.7), (0.3, 0.7), (0.35, 1.4), (-0.35, 1.4)], _mixed(looks.skin, _DARK, 0.12))
    pen.shape([(-0.4, 1.15), (0.4, 1.15), (1.4, 1.6), (1.7, 4.0), (-1.7, 4.0), (-1.4, 1.6)], looks.clothes)
    light = _mixed(looks.clothes, _WHITE, 0.7)
    if looks.collar == "sailor":
        for side in (-1, 1):
            pen.shape([(0.0, 2.0), (0.35 * side, 1.12), (1.15 * side, 1.55), (0.9 * side, 1.9)], light)
        pen.shape([(-0.2, 2.1), (0.2, 2.1), (0.0, 1.8)], (220, 60, 70))
    if looks.collar == "tie":
        for side in (-1, 1):
            pen.shape([(0.0, 1.6), (0.4 * side, 1.1), (0.65 * side, 1.5)], _WHITE)
        pen.shape([(-0.14, 1.5), (0.14, 1.5), (0.2, 2.6), (-0.2, 2.6)], _mixed(looks.clothes, _DARK, 0.5))
    if looks.collar == "hood":
        pen.round(0, 1.35, 1.0, 0.45, _mixed(looks.clothes, _DARK, 0.25))
        pen.round(0, 1.22, 0.55, 0.28, looks.skin)
    if looks.collar == "round":
        pen.round(0, 1.3, 0.55, 0.25, light)


def _hair_behind(pen: _Pen, looks: Looks) -> None:
    shade = _mixed(looks.hair, _DARK, 0.2)
    if looks.cut == "long":
        pen.shape([(-1.15, -0.4), (1.15, -0.4), (1.35, 2.5), (0.6, 2.2), (-0.6, 2.2), (-1.35, 2.5)], shade)
    if looks.cut == "tails":
        for side in (-1, 1):
            pen.shape([(0.9 * side, -0.7), (1.5 * side, -0.5), (1.9 * side, 1.0), (1.5 * side, 2.1),
                       (1.3 * side, 0.8)], shade)  # fmt: skip
    if looks.cut == "bun":
        pen.round(0.0, -1.35, 0.55, 0.5, shade)
    if looks.cut == "bob":
        pen.round(0, 0.1, 1.25, 1.1, shade)
    if looks.cut == "spikes":
        around = np.linspace(np.pi * 0.95, np.pi * 2.05, 15)
        pen.shape([(float(np.cos(a)) * (1.55 if n % 2 else 1.05), float(np.sin(a)) * (1.5 if n % 2 else 1.0))
                   for n, a in enumerate(around)], shade)  # fmt: skip
    pen.round(0, -0.2, 1.12, 1.0, looks.hair)


def _face(pen: _Pen, looks: Looks, moment: Moment) -> None:
    for side in (-1, 1):
        pen.round(0.92 * side, 0.2, 0.14, 0.2, looks.skin)
    pen.shape([(-0.9, -0.3), (0.9, -0.3), (0.86, 0.45), (0.45, 0.9), (0.0, 1.05), (-0.45, 0.9), (-0.86, 0.45)],
              looks.skin)  # fmt: skip
    for side in (-1, 1):
        is_shut = moment.lids == "shut" or (moment.lids == "wink" and side == 1)
        if is_shut:
            pen.arc(0.42 * side, 0.2, 0.22, 0.14, 0, 180, _DARK)
            continue
        shift = 0.06 * moment.look
        pen.round(0.42 * side, 0.18, 0.24, 0.3, _WHITE)
        pen.round(0.42 * side + shift, 0.2, 0.18, 0.26, looks.eyes, lined=False)
        pen.round(0.42 * side + shift, 0.24, 0.09, 0.14, _DARK, lined=False)
        pen.round(0.36 * side + shift, 0.1, 0.06, 0.07, _WHITE, lined=False)
        pen.arc(0.42 * side, 0.16, 0.27, 0.3, 200, 340, _DARK)
    for side in (-1, 1):
        pen.round(0.62 * side, 0.55, 0.13, 0.06, _mixed(looks.skin, (255, 90, 90), 0.3), lined=False)
    if moment.mouth == "open":
        pen.round(0, 0.72, 0.14, 0.1, (190, 60, 70))
    else:
        start, end = (20, 160) if moment.mouth == "smile" else (60, 120)
        pen.arc(0, 0.62, 0.2, 0.14, start, end, _DARK)


def _hair_before(pen: _Pen, looks: Looks) -> None:
    top = [(-1.08, 0.1), (-1.05, -0.6), (-0.5, -1.12), (0.5, -1.12), (1.05, -0.6), (1.08, 0.1)]
    fringe: dict[str, list[Point]] = {
        "bob": [(0.95, -0.15), (-0.95, -0.15)],
        "spikes": [(0.8, -0.4), (0.5, -0.05), (0.3, -0.45), (-0.1, -0.1), (-0.3, -0.5), (-0.7, -0.1), (-0.8, -0.4)],
        "short": [(0.85, -0.35), (0.1, -0.25), (-0.5, -0.05), (-0.85, -0.4)],
    }
    parted: list[Point] = [(0.85, -0.1), (0.5, -0.4), (0.1, -0.55), (-0.3, -0.15), (-0.6, -0.35), (-0.85, -0.05)]
    pen.shape([*top, *fringe.get(looks.cut, parted)], looks.hair)
    if looks.cut in ("long", "bob"):
        for side in (-1, 1):
            pen.shape([(1.1 * side, -0.3), (0.82 * side, -0.2), (0.8 * side, 0.95), (1.12 * side, 0.9)], looks.hair)


def _extra(pen: _Pen, looks: Looks) -> None:
    colour = looks.extra_colour
    if looks.extra == "ribbon":
        for x, y in [(-1.0, -0.75), (1.0, -0.75)] if looks.cut == "tails" else [(0.0, -1.05)]:
            pen.shape([(x, y), (x - 0.38, y - 0.22), (x - 0.38, y + 0.22)], colour)
            pen.shape([(x, y), (x + 0.38, y - 0.22), (x + 0.38, y + 0.22)], colour)
    if looks.extra == "glasses":
        for side in (-1, 1):
            pen.arc(0.42 * side, 0.2, 0.34, 0.34, 0, 360, colour)
        pen.arc(0, 0.2, 0.1, 0.06, 180, 360, colour)
    if looks.extra == "hairpin":
        pen.shape([(0.45, -0.75), (0.85, -0.5), (0.8, -0.38), (0.4, -0.63)], colour)
    if looks.extra == "cat ears":
        for side in (-1, 1):
            pen.shape([(0.35 * side, -1.05), (0.95 * side, -0.75), (0.95 * side, -1.6)], colour)
            pen.shape([(0.55 * side, -1.05), (0.85 * side, -0.9), (0.85 * side, -1.35)], (250, 170, 180))


def _finish(image: Image.Image, moment: Moment, rng: np.random.Generator) -> Image.Image:
    """What the source does to an image: a film is dim, soft and grainy, pastel is a little soft."""
    if moment.style == "ink":
        return image
    soft = image.filter(ImageFilter.GaussianBlur(0.8))
    if moment.style == "pastel":
        return soft
    pixels = np.asarray(soft, np.float64) * rng.uniform(0.7, 0.9) + rng.normal(0, 5, (*image.size[::-1], 1))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
