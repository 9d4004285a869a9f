"""Which parts of a spectrum and of a picture an answer rests on, by looking what it would be without them.

A range of wavelengths is taken away by putting a straight line there and calling it hardly measured (not measured at
all would also shift the star's median, by which spectra are scaled), a piece of the picture by putting the sky there.
What counts is how far the log-odds of the class fall. Nothing is assumed about the network, and a zero means that the
answer does not need that region; regions that say the same thing stand in for one another, so small numbers everywhere
mean many witnesses, not none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.stellar.images.composite import SIDE
from ml_core.stellar.predict.classification import Classification
from ml_core.stellar.predict.classifier import Classifier
from ml_core.stellar.spectra.resample import GRID, POINTS
from ml_core.stellar.spectra.subclass import CLASSES

RANGES: Final = 48
#: The star covers the middle: there, pieces of 4 pixels; all that surrounds it is one piece.
CELL: Final = 4
_MIDDLE_CELLS: Final = 10
_CELLS: Final = SIDE // CELL
_FIRST: Final = (_CELLS - _MIDDLE_CELLS) // 2
_SKY_BORDER: Final = 16
_LEAST: Final = 1e-6
_BESIDE: Final = 20
_HARDLY: Final = 1e-6
#: A large image encoder needs memory for each picture that it looks at.
_BATCH: Final = 32


@dataclass(frozen=True)
class Attribution:
    """How far the log-odds of a class fall without each region; positive speaks for the class.

    Attributes:
        label: The class.
        start: (R,) Angstrom, where each range of the spectrum begins; empty without a spectrum.
        end: (R,) where it ends.
        spectrum: (R,) of the ranges.
        image: (32, 32) of the pieces of the picture, rows from the top; None without one. What surrounds the middle
            was taken away as a whole, and its effect is spread evenly over it.
    """

    label: int
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    spectrum: NDArray[np.float64]
    image: NDArray[np.float64] | None

    def as_json(self) -> dict[str, Any]:
        """For pages."""
        spectrum, image = None, None
        if len(self.spectrum):
            spectrum = {name: np.round(getattr(self, own), 4).tolist()
                        for name, own in (("start", "start"), ("end", "end"), ("value", "spectrum"))}  # fmt: skip
        if self.image is not None:
            image = {"rows": _CELLS, "columns": _CELLS, "values": np.round(self.image, 5).tolist()}
        return {"class": CLASSES[self.label], "unit": "change of the log-odds", "spectrum": spectrum, "image": image}


def attribute(classifier: Classifier, star: Mapping[str, NDArray[Any]], *, label: int | None = None) -> Attribution:
    """What the fused answer about one star rests on.

    Args:
        classifier: Any.
        star: Arrays of one row, as `Survey.arrays` gives them.
        label: Class whose odds are looked at; the answer where it is left out.
    """
    edges = np.linspace(0, POINTS, RANGES + 1).round().astype(int)
    ranges = RANGES if bool(star["has_spectrum"][0]) else 0
    cells = _middle_cells() if bool(star["has_image"][0]) else []
    rows = 1 + ranges + (len(cells) + 1 if cells else 0)
    many = {name: np.repeat(np.asarray(column)[:1], rows, axis=0) for name, column in star.items()}
    for number in range(ranges):
        _hide(many["flux"][1 + number], many["ivar"][1 + number], edges[number], edges[number + 1])
    if cells:
        sky = _sky(many["image"][0])
        for number, (top, left) in enumerate(cells):
            many["image"][1 + ranges + number, top : top + CELL, left : left + CELL] = sky
        middle = slice(_FIRST * CELL, (_FIRST + _MIDDLE_CELLS) * CELL)
        kept = many["image"][-1, middle, middle].copy()
        many["image"][-1] = sky
        many["image"][-1, middle, middle] = kept
    answers = classifier.classify(many, batch_size=_BATCH)
    chosen = int(answers.label[0]) if label is None else label
    odds = _log_odds(answers, chosen)
    effect = odds[0] - odds[1:]
    bounds = np.interp(edges, np.arange(POINTS), GRID) if ranges else np.zeros(1)
    image = _image_map(effect[ranges:]) if cells else None
    return Attribution(chosen, bounds[:-1], bounds[1:], effect[:ranges], image)


def _hide(flux: NDArray[np.float32], ivar: NDArray[np.float32], first: int, end: int) -> None:
    """Draw a line from the flux before a range to that behind it, in place."""
    sides = [slice(max(0, first - _BESIDE), first), slice(end, end + _BESIDE)]
    known = [float(np.median(flux[side][ivar[side] > 0])) for side in sides if (ivar[side] > 0).any()]
    before, behind = (known[0], known[-1]) if known else (0.0, 0.0)
    flux[first:end] = np.where(ivar[first:end] > 0, np.linspace(before, behind, end - first), 0)
    ivar[first:end] *= _HARDLY


def _middle_cells() -> list[tuple[int, int]]:
    places = [(_FIRST + number) * CELL for number in range(_MIDDLE_CELLS)]
    return [(top, left) for top in places for left in places]


def _image_map(effect: NDArray[np.float64]) -> NDArray[np.float64]:
    around = _CELLS**2 - _MIDDLE_CELLS**2
    values = np.full((_CELLS, _CELLS), effect[-1] / around)
    values[_FIRST : _FIRST + _MIDDLE_CELLS, _FIRST : _FIRST + _MIDDLE_CELLS] = effect[:-1].reshape(
        _MIDDLE_CELLS, _MIDDLE_CELLS
    )
    return values


def _sky(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The median colour along the border."""
    border = np.concatenate([
        image[:_SKY_BORDER].reshape(-1, 3), image[-_SKY_BORDER:].reshape(-1, 3),
        image[:, :_SKY_BORDER].reshape(-1, 3), image[:, -_SKY_BORDER:].reshape(-1, 3),
    ])  # fmt: skip
    return np.asarray(np.median(border, axis=0), np.uint8)


def _log_odds(answers: Classification, label: int) -> NDArray[np.float64]:
    chance = np.clip(np.asarray(answers.probabilities[:, label], np.float64), _LEAST, 1 - _LEAST)
    return np.asarray(np.log(chance) - np.log1p(-chance))
