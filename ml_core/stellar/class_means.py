"""Mean spectra of the classes of a survey: what a star is laid over to see how it differs."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import CodedError
from ml_core.run.files import write_atomic
from ml_core.stellar.catalogue import StarObject
from ml_core.stellar.spectra.reading import read_any_spectrum
from ml_core.stellar.spectra.resample import GRID, POINTS, STEP, to_grid
from ml_core.stellar.spectra.subclass import CLASSES
from ml_core.stellar.spectra.wavelengths import SPEED_OF_LIGHT

MEANS_FILE: Final = "class_means.npz"
#: Where every M star is bright: its median is the unit of the means.
_NORMALISED: Final = (GRID > 6500) & (GRID < 8500)
#: Stars of a class differ by about this much at a wavelength; it keeps one bright star from being the whole mean.
_SCATTER: Final = 0.1
#: Of fewer stars a mean is mostly the star itself that is laid over it.
_FEWEST: Final = 3
#: More stars than these change a mean by less than a percent.
_STARS_A_CLASS: Final = 200


@dataclass(frozen=True)
class ClassMeans:
    """Means of the classes that have three stars or more.

    Attributes:
        flux: By class, (3522,) on the grid in units of its own median between 6500 and 8500 A; 0 where no star was
            measured.
        count: By class, the stars behind the mean.
    """

    flux: dict[str, NDArray[np.float32]]
    count: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """The means for a page, in rest-frame vacuum wavelengths."""
        grid = {"start_log": float(np.log10(GRID[0])), "step_log": STEP, "points": POINTS}
        classes = {
            name: {"count": self.count[name], "flux": np.round(flux.astype(np.float64), 4).tolist()}
            for name, flux in self.flux.items()
        }
        return {"grid": grid, "classes": classes}


def class_means(stars: tuple[StarObject, ...], spectra: Mapping[str, Path]) -> ClassMeans:
    """Average the spectra of each class at rest; damaged ones are passed over, and so are classes of fewer than three.

    Args:
        stars: Of the catalogue.
        spectra: Paths by the names of the stars.
    """
    flux, count = {}, {}
    for label, name in enumerate(CLASSES):
        paths = [spectra[star.name] for star in stars if star.label == label and star.name in spectra]
        step = max(1, -(-len(paths) // _STARS_A_CLASS))
        mean, used = _mean(paths[::step])
        if used >= _FEWEST:
            flux[name], count[name] = mean, used
    return ClassMeans(flux, count)


def write_means(folder: Path, means: ClassMeans) -> None:
    """Keep the means in a survey's folder."""
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        classes=np.array(list(means.flux), dtype="U8"),
        flux=np.array(list(means.flux.values()), dtype=np.float32).reshape(-1, POINTS),
        count=np.array([means.count[name] for name in means.flux], dtype=np.int64),
    )
    write_atomic(folder / MEANS_FILE, stream.getvalue())


def read_means(folder: Path) -> ClassMeans | None:
    """The means of a survey's folder, or None where none are kept."""
    try:
        with np.load(folder / MEANS_FILE, allow_pickle=False) as stored:
            names = [str(name) for name in stored["classes"]]
            flux = {name: stored["flux"][row] for row, name in enumerate(names)}
            return ClassMeans(flux, {name: int(stored["count"][row]) for row, name in enumerate(names)})
    except (OSError, ValueError, KeyError, IndexError):
        return None


def _mean(paths: list[Path]) -> tuple[NDArray[np.float32], int]:
    total, weights, used = np.zeros(POINTS), np.zeros(POINTS), 0
    for path in paths:
        try:
            read = read_any_spectrum(path)
            grid = to_grid(read, SPEED_OF_LIGHT * read.z if np.isfinite(read.z) else 0.0)
        except CodedError:
            continue
        measured = grid.ivar > 0
        bright = measured & _NORMALISED
        unit = float(np.median(grid.flux[bright])) if bright.any() else 0.0
        if unit <= 0:
            continue
        variance = np.divide(1.0, grid.ivar * unit**2, out=np.full(POINTS, np.inf), where=measured)
        weight = 1.0 / (variance + _SCATTER**2)
        total += weight * grid.flux / unit
        weights += weight
        used += 1
    return np.divide(total, weights, out=np.zeros(POINTS), where=weights > 0).astype(np.float32), used
