"""Curves of a training as pictures, drawn with Pillow alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

Points = Sequence[tuple[float, float]]
Box = tuple[float, float, float, float]

_SIZE: Final = (1600, 1000)
_FRAME: Final[Box] = (170, 110, 1540, 880)
_COLOURS: Final = ("#0b6e99", "#d9730d", "#448361", "#9065b0")
_INK, _QUIET, _GRID, _PAPER = "#1f2328", "#59636e", "#d8dee4", "#ffffff"
_TICKS: Final = 6
_LINE: Final = 5


def plot_metrics(rows: Sequence[Mapping[str, float]], folder: Path, training_id: str) -> list[Path]:
    """The specification's pictures, ``<training id>_<metric>.png``: loss, accuracy, precision, recall and F1.

    Args:
        rows: Metrics of each epoch with ``epoch``; those of training begin with ``train_``.
        folder: Exists.
        training_id: Begins the names of the files.
    """
    made = []
    for name, title in (("loss", "Loss"), ("accuracy", "Accuracy"), ("precision", "Precision"), ("recall", "Recall"),
                        ("f1", "F1")):  # fmt: skip
        series = {
            label: [(row["epoch"], row[key]) for row in rows if key in row]
            for label, key in (("training", f"train_{name}"), ("validation", name))
        }
        path = folder / f"{training_id}_{name}.png"
        draw_curves(title, "epoch", {label: points for label, points in series.items() if points}).save(path)
        made.append(path)
    return made


def draw_curves(title: str, x_label: str, series: Mapping[str, Points]) -> Image.Image:
    """Curves over a common grid, each named in the corner. Points that are no finite numbers are left out."""
    picture = Image.new("RGB", _SIZE, _PAPER)
    draw = ImageDraw.Draw(picture)
    kept = {name: [point for point in points if all(map(math.isfinite, point))] for name, points in series.items()}
    everything = [point for points in kept.values() for point in points] or [(0.0, 0.0)]
    x_ticks = _ticks([x for x, _ in everything], whole=True)
    y_ticks = _ticks([y for _, y in everything])
    ranges = (min(x for x, _ in everything), y_ticks[0], max(x for x, _ in everything), y_ticks[-1])
    _axes(draw, title, x_label, x_ticks, y_ticks, ranges)
    for number, (name, points) in enumerate(kept.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        places = [_place(point, ranges) for point in points]
        if len(places) > 1:
            draw.line(places, fill=colour, width=_LINE, joint="curve")
        for x, y in places:
            draw.ellipse((x - _LINE, y - _LINE, x + _LINE, y + _LINE), fill=colour)
        left, top = _FRAME[0] + 340 * number, 62
        draw.line((left, top + 15, left + 50, top + 15), fill=colour, width=_LINE)
        draw.text((left + 64, top), name, fill=_INK, font=_font(28))
    return picture


def _axes(
    draw: ImageDraw.ImageDraw, title: str, x_label: str, x_ticks: list[float], y_ticks: list[float], ranges: Box
) -> None:
    left, top, right, bottom = _FRAME
    draw.text((left, 12), title, fill=_INK, font=_font(40))
    for value in y_ticks:
        _, y = _place((ranges[0], value), ranges)
        draw.line((left, y, right, y), fill=_GRID, width=2)
        draw.text((left - 18, y), f"{value:.4g}", fill=_QUIET, font=_font(26), anchor="rm")
    for value in x_ticks:
        x, _ = _place((value, ranges[1]), ranges)
        if left - 1 <= x <= right + 1:
            draw.line((x, bottom, x, bottom + 10), fill=_QUIET, width=2)
            draw.text((x, bottom + 18), f"{value:.4g}", fill=_QUIET, font=_font(26), anchor="mt")
    draw.line((left, top, left, bottom, right, bottom), fill=_QUIET, width=2)
    draw.text(((left + right) / 2, bottom + 62), x_label, fill=_INK, font=_font(28), anchor="mt")


def _place(point: tuple[float, float], ranges: Box) -> tuple[float, float]:
    left, top, right, bottom = _FRAME
    x_span, y_span = ranges[2] - ranges[0], ranges[3] - ranges[1]
    x = (point[0] - ranges[0]) / x_span if x_span else 0.5
    y = (point[1] - ranges[1]) / y_span if y_span else 0.5
    return left + x * (right - left), bottom - y * (bottom - top)


def _ticks(values: Sequence[float], *, whole: bool = False) -> list[float]:
    """Round numbers that enclose the values; whole ones for epochs."""
    low, high = min(values), max(values)
    if high <= low:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    if whole:
        step = max(1.0, step)
    first = math.floor(low / step)
    return [number * step for number in range(first, math.ceil(high / step) + 1)]


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
