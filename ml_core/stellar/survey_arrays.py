"""The stars of a survey as arrays: read once, kept as plain ``.npy`` files, mapped from then on.

An epoch over cached arrays reads memory, not FITS and JPEG. The cache's name follows from the catalogue's rows and the
size and time of every file, so a changed file is read again and nothing has to be deleted by hand.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import CodedError, FormatError
from ml_core.run.files import write_json_atomic
from ml_core.stellar.catalogue import StarObject
from ml_core.stellar.images.composite import SIDE
from ml_core.stellar.images.reading import read_image
from ml_core.stellar.spectra.reading import read_any_spectrum
from ml_core.stellar.spectra.resample import POINTS, to_grid

if TYPE_CHECKING:
    from ml_core.stellar.survey import Modality, Survey

Arrays = dict[str, NDArray[Any]]
Progress = Callable[[int, int], None]

#: Raised when what the arrays hold changes its meaning.
_FORM: Final = 1
#: A spectrum with less of the grid measured says too little about its class.
MIN_COVERAGE: Final = 0.5
_FAULTS_FILE: Final = "faults.json"
_FIELDS: Final[dict[str, tuple[tuple[int, ...], Any]]] = {
    "flux": ((POINTS,), np.float32), "ivar": ((POINTS,), np.float32), "image": ((SIDE, SIDE, 3), np.uint8),
    "label": ((), np.int64), "sn": ((), np.float32), "coverage": ((), np.float32), "z": ((), np.float32),
    "magnitudes": ((5,), np.float32), "has_spectrum": ((), np.bool_), "has_image": ((), np.bool_),
}  # fmt: skip


def load_arrays(
    survey: Survey, cache_dir: Path, modality: Modality, *, labelled: bool = True, progress: Progress | None = None
) -> Arrays:
    """Arrays of the stars that have the files of ``modality``, one row each, in the catalogue's order.

    ``flux`` and ``ivar`` (N, 3522) on the grid, 0 without a spectrum; ``image`` (N, 128, 128, 3) uint8, 0 without a
    picture; ``label`` (N,), -1 unknown; ``sn`` (N,) median S/N, 0 without a spectrum; ``coverage`` (N,) of the grid;
    ``z`` (N,) redshift of the file or 0; ``magnitudes`` (N, 5) with NaN; ``has_spectrum``, ``has_image`` (N,);
    ``name`` (N,) as text. Files that turn out to be damaged leave their star out; `read_faults` names them.

    Args:
        survey: As opened.
        cache_dir: Holds one folder for each set of files; may be shared by surveys.
        modality: What a star must have.
        labelled: Whether it must have a class.
        progress: Called with (stars read, stars in all).

    Raises:
        FormatError: ``survey.nothing_usable`` when no star is left.
    """
    stars = survey.usable(modality, labelled=labelled)
    folder = cache_dir / _key(survey, stars, modality)
    if not (folder / _FAULTS_FILE).is_file():
        _build(survey, stars, folder, modality, progress)
    return {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in (*_FIELDS, "name")}


def read_faults(survey: Survey, cache_dir: Path, modality: Modality, *, labelled: bool = True) -> dict[str, str]:
    """Why stars with files fell out when `load_arrays` read them, by name; empty before it did."""
    folder = cache_dir / _key(survey, survey.usable(modality, labelled=labelled), modality)
    try:
        faults: dict[str, str] = json.loads((folder / _FAULTS_FILE).read_text(encoding="utf-8"))
    except OSError:
        return {}
    return faults


def _key(survey: Survey, stars: list[StarObject], modality: Modality) -> str:
    digest = hashlib.sha256(f"{_FORM}/{modality}/{survey.folder.absolute()}".encode())
    for star in stars:
        marks = [_mark(paths.get(star.name)) for paths in (survey.spectra, survey.images)]
        digest.update(repr((star.name, star.label, star.magnitudes, marks)).encode())
    return digest.hexdigest()[:24]


def _mark(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _build(
    survey: Survey, stars: list[StarObject], folder: Path, modality: Modality, progress: Progress | None
) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Two processes may build the same cache; each in its own folder, and the first to finish names it.
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        faults: dict[str, str] = {}
        columns = {
            name: np.lib.format.open_memmap(
                partial / f"{name}.npy", mode="w+", dtype=np.dtype(kind), shape=(len(stars), *shape)
            )
            for name, (shape, kind) in _FIELDS.items()
        } if stars else {}  # fmt: skip
        names: list[str] = []
        for done, star in enumerate(stars, start=1):
            row, fault = read_star(star, survey.spectra.get(star.name), survey.images.get(star.name))
            if fault:
                faults[star.name] = fault
            if _has(row, modality):
                for name, column in columns.items():
                    column[len(names)] = row[name]
                names.append(star.name)
            if progress is not None:
                progress(done, len(stars))
        if not names:
            first = next(iter({**survey.left_out_of(modality), **faults}.values()), "the catalogue is empty")
            raise FormatError(f"No star of the survey can be used. The first one: {first}",
                              code="survey.nothing_usable", where=survey.folder.name,
                              hint="Add the missing files, or choose one modality alone.")  # fmt: skip
        for name, column in columns.items():
            column.flush()
            if len(names) < len(stars):
                _shorten(partial / f"{name}.npy", len(names))
        np.save(partial / "name.npy", np.array(names), allow_pickle=False)
        write_json_atomic(partial / _FAULTS_FILE, faults)
        try:
            partial.rename(folder)
        except OSError:
            if not (folder / _FAULTS_FILE).is_file():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def read_star(star: StarObject, spectrum: Path | None, image: Path | None) -> tuple[dict[str, Any], str]:
    """One row of the arrays, and the reasons why a file of the star could not be used (empty when all could)."""
    row: dict[str, Any] = {name: np.zeros(shape, kind) for name, (shape, kind) in _FIELDS.items()}
    row["label"], row["magnitudes"] = star.label, np.array(star.magnitudes, np.float32)
    faults = []
    if spectrum is not None:
        try:
            read = read_any_spectrum(spectrum)
            grid = to_grid(read)
            if grid.coverage < MIN_COVERAGE:
                raise FormatError(f"Only {grid.coverage:.0%} of 4000-9000 Å were measured.",
                                  code="spectrum.no_coverage", where=spectrum.name)  # fmt: skip
            row |= {"flux": grid.flux, "ivar": grid.ivar, "coverage": grid.coverage, "sn": read.sn_median,
                    "z": read.z if np.isfinite(read.z) else 0.0, "has_spectrum": True}  # fmt: skip
        except CodedError as error:
            faults.append(f"The spectrum cannot be used: {error.message}")
    if image is not None:
        try:
            row |= {"image": read_image(image).pixels, "has_image": True}
        except CodedError as error:
            faults.append(f"The picture cannot be used: {error.message}")
    return row, " ".join(faults)


def _has(row: Mapping[str, Any], modality: Modality) -> bool:
    spectrum, image = bool(row["has_spectrum"]), bool(row["has_image"])
    return {"both": spectrum and image, "spectrum": spectrum, "image": image, "any": spectrum or image}[modality]


def _shorten(path: Path, rows: int) -> None:
    """Cut an array to its first rows, block by block: a survey may be larger than the memory."""
    held = np.load(path, mmap_mode="r", allow_pickle=False)
    short = path.with_suffix(".short")
    kept = np.lib.format.open_memmap(short, mode="w+", dtype=held.dtype, shape=(rows, *held.shape[1:]))
    for start in range(0, rows, 1024):
        kept[start : start + 1024] = held[start : min(start + 1024, rows)]
    kept.flush()
    short.replace(path)
