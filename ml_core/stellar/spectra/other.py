"""Spectra that are not of SDSS: tables with named columns, NumPy archives, and the layouts that specutils knows.

Each way in is tried in turn; a file that none takes is refused with the names of what it holds.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.stellar.spectra.fits_table import FitsTable, FitsTables, read_tables
from ml_core.stellar.spectra.npz_archive import read_arrays
from ml_core.stellar.spectra.sdss import make_spectrum
from ml_core.stellar.spectra.spectrum import Spectrum

_WAVELENGTH: Final = ("WAVELENGTH", "WAVE", "LAMBDA", "LAM", "LOGLAM", "LOGLAMBDA", "LOG_WAVELENGTH")
_FLUX: Final = ("FLUX", "FLUX_DENSITY", "FLAM", "F_LAMBDA")
_IVAR: Final = ("IVAR", "INVERSE_VARIANCE", "INVVAR")
_ERROR: Final = ("ERROR", "ERR", "SIGMA", "FLUX_ERROR", "FLUX_ERR", "E_FLUX", "UNCERTAINTY", "STD")
_ANGSTROM: Final = {"": 1.0, "a": 1.0, "aa": 1.0, "ang": 1.0, "angstrom": 1.0, "angstroms": 1.0, "nm": 10.0,
                    "um": 1e4, "micron": 1e4, "microns": 1e4}  # fmt: skip
#: More pixels than any spectrograph has.
_MAX_PIXELS: Final = 4_000_000
_NO_ERRORS: Final = (
    "The file gives no errors; they were estimated from the scatter between neighbouring pixels.")  # fmt: skip


def read_other(path: Path) -> Spectrum:
    """Read a spectrum of another layout than SDSS's.

    Raises:
        FormatError: ``spectrum.unknown_format`` when nothing knows the layout, or as `read_spectrum`.
    """
    if path.suffix.lower() == ".npz":
        return _from_npz(path)
    found = read_tables(path)
    for table in found.tables:
        spectrum = _from_table(table, path)
        if spectrum is not None:
            return replace(spectrum, name=found.header.text("OBJECT"), wavelength_medium=_medium(found))
    return _from_specutils(path, found)


def _from_table(table: FitsTable, path: Path) -> Spectrum | None:
    names = list(table.columns)
    wave, flux = _first(names, _WAVELENGTH), _first(names, _FLUX)
    if wave is None or flux is None:
        return None
    ivar, error = _first(names, _IVAR), _first(names, _ERROR)
    unit = table.columns[wave].unit.lower()
    if unit not in _ANGSTROM and not wave.startswith("LOG"):
        return None
    arrays = {name: values for name in (wave, flux, ivar, error) if name and (values := _row(table, name)) is not None}
    if len({values.shape for values in arrays.values()}) != 1 or not {wave, flux} <= arrays.keys():
        return None
    ivar, error = (name if name in arrays else None for name in (ivar, error))
    spectrum = _assemble(arrays, wave, flux, ivar, error, path.name, _ANGSTROM.get(unit, 1.0))
    flux_unit = table.columns[flux].unit
    mask = _row(table, "MASK")
    if mask is not None and mask.shape == spectrum.flux.shape and mask.any():
        # Layouts disagree on the sense of a column called mask; ivar is the usable test (see README of the survey).
        spectrum = replace(spectrum, notes=(*spectrum.notes, "The file's own mask column was not applied."))
    return replace(spectrum, layout=f"FITS table {table.name or 'without name'}", flux_unit=flux_unit)


def _from_npz(path: Path) -> Spectrum:
    arrays, held = read_arrays(path, {*_WAVELENGTH, *_FLUX, *_IVAR, *_ERROR})
    wave, flux = _first(arrays, _WAVELENGTH), _first(arrays, _FLUX)
    if wave is None or flux is None or len({values.shape for values in arrays.values()}) != 1:
        raise _unknown(path, f"arrays {', '.join(held[:12])}")
    spectrum = _assemble(arrays, wave, flux, _first(arrays, _IVAR), _first(arrays, _ERROR), path.name, 1.0)
    return replace(spectrum, layout="NumPy archive", flux_unit="")


def _assemble(
    arrays: dict[str, Any], wave: str, flux: str, ivar: str | None, error: str | None, where: str, scale: float
) -> Spectrum:
    if not 2 <= len(arrays[wave]) <= _MAX_PIXELS:
        raise FormatError("The file does not hold one spectrum.", code="spectrum.unknown_format",
                          hint="Save one spectrum in a file of its own.", where=where)  # fmt: skip
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        values = np.asarray(arrays[wave], np.float64)
        wavelength = 10.0**values if wave.startswith("LOG") else values * scale
        notes: tuple[str, ...] = ()
        if ivar is not None:
            weights = np.asarray(arrays[ivar], np.float64)
        elif error is not None:
            errors = np.asarray(arrays[error], np.float64)
            weights = np.where(errors > 0, 1.0 / errors**2, 0.0)
        else:
            weights, notes = _estimated_ivar(np.asarray(arrays[flux], np.float64)), (_NO_ERRORS,)
        return _with_scale(wavelength, np.asarray(arrays[flux], np.float64), weights, where, notes)


def _with_scale(
    wavelength: NDArray[np.float64], flux: NDArray[np.float64], ivar: NDArray[np.float64], where: str,
    notes: tuple[str, ...],
) -> Spectrum:  # fmt: skip
    """Bring erg/(s cm2 A) to units of 1e-17: squared, such fluxes leave the range of single precision."""
    finite = np.abs(flux[np.isfinite(flux)])
    if finite.size and 0 < np.median(finite) < 1e-10:
        flux, ivar, notes = flux * 1e17, ivar * 1e-34, (*notes, "Flux is shown in units of 1e-17.")
    spectrum = make_spectrum(wavelength, flux, ivar, where)
    return replace(spectrum, notes=(*notes, *spectrum.notes))


def _estimated_ivar(flux: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse variance from second differences, in running windows: x[i-1] - 2 x[i] + x[i+1] has variance 6 s^2."""
    usable = np.isfinite(flux)
    if usable.sum() < 3:
        return np.zeros_like(flux)
    filled = np.interp(np.arange(len(flux)), np.flatnonzero(usable), flux[usable])
    deviation = np.abs(np.convolve(np.pad(filled, 1, "edge"), [1.0, -2.0, 1.0], "valid"))
    width = min(151, len(flux) | 1)
    kernel = np.ones(width) / width
    spread = np.convolve(np.pad(deviation, width // 2, "reflect"), kernel, "valid") * np.sqrt(np.pi / 2 / 6)
    floor = np.median(np.abs(filled)) * 1e-4
    return np.where(usable, 1.0 / np.maximum(spread, max(floor, 1e-30)) ** 2, 0.0)


def _from_specutils(path: Path, found: FitsTables) -> Spectrum:
    # Two seconds of import, paid only by files that nothing else knows.
    import astropy.units as units
    from specutils import Spectrum as SpecutilsSpectrum

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about units and keywords of other observatories
            read = SpecutilsSpectrum.read(str(path), cache=False)
            wavelength = np.ravel(read.spectral_axis.to_value(units.AA)).astype(np.float64)
            flux = np.asarray(read.flux.value, np.float64)
            unit = str(read.flux.unit)
    # Loaders of many observatories raise whatever their parsing meets; each means the same here.
    except Exception as error:
        raise _unknown(path, _contents(found)) from error
    if flux.ndim != 1:
        raise FormatError(f"The file holds {int(np.prod(flux.shape[:-1]))} spectra.", code="spectrum.unknown_format",
                          hint="Save one spectrum in a file of its own.", where=path.name)  # fmt: skip
    ivar, notes = _ivar_of(read.uncertainty, flux)
    if read.mask is not None and np.shape(read.mask) == flux.shape:
        ivar = np.where(np.asarray(read.mask, bool), 0.0, ivar)
    spectrum = _with_scale(wavelength, flux, ivar, path.name, notes)
    return replace(spectrum, layout="by specutils", flux_unit=unit, wavelength_medium=_medium(found))


def _ivar_of(uncertainty: Any, flux: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    if uncertainty is None:
        return _estimated_ivar(flux), (_NO_ERRORS,)
    values = np.asarray(uncertainty.array, np.float64)
    with np.errstate(divide="ignore"):
        if uncertainty.uncertainty_type == "ivar":
            return values, ()
        variance = values if uncertainty.uncertainty_type == "var" else values**2
        return np.where(variance > 0, 1.0 / variance, 0.0), ()


def _medium(found: FitsTables) -> Any:
    """What the file says: the VACUUM keyword of SDSS, AIRORVAC of IRAF, or WCS names (AWAV is air, FITS paper III)."""
    for header in (found.header, *(table.header for table in found.tables)):
        if header.text("VACUUM") in ("T", "F"):
            return "vacuum" if header.text("VACUUM") == "T" else "air"
        said = header.text("AIRORVAC").lower()
        if said.startswith(("vac", "air")):
            return "air" if said.startswith("air") else "vacuum"
        axis = header.text("CTYPE1").upper()
        if axis.startswith(("AWAV", "WAVE")):
            return "air" if axis.startswith("AWAV") else "vacuum"
    return "unknown"


def _first(names: Iterable[str], wanted: tuple[str, ...]) -> str | None:
    held = set(names)
    return next((name for name in wanted if name in held), None)


def _row(table: FitsTable, name: str) -> NDArray[Any] | None:
    """A column as one array: one pixel a row, or all pixels in the only row."""
    values = table.numbers(name)
    if values is None:
        return None
    return np.ravel(values) if values.ndim == 1 or len(values) == 1 else None


def _contents(found: FitsTables) -> str:
    header = found.header
    said = [f"{key} {header.text(key)}" for key in ("TELESCOP", "INSTRUME") if header.text(key)]
    said += [f"table {table.name or 'without name'} ({', '.join(list(table.columns)[:8])})" for table in found.tables]
    said += [f"{found.other_extensions} other extensions"] if found.other_extensions else []
    return re.sub(r"[^\x20-\x7e]", "?", "; ".join(said)) or "no table"


def _unknown(path: Path, contents: str) -> FormatError:
    return FormatError(
        f"The layout of the spectrum is not known. The file holds: {contents}.", code="spectrum.unknown_format",
        hint="Save it as a FITS table with the columns wave (Angstrom), flux and ivar.", where=path.name,
    )  # fmt: skip
