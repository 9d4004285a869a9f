"""SDSS and BOSS spectra, ``spec-pppp-mmmmm-ffff.fits``, full or lite, at the speed of the disk.

HDU 1 (COADD) holds the spectrum, HDU 2 (SPECOBJ, or SPALL in BOSS files) what the pipeline made of it; the single
exposures of full files lie behind and are never touched.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.stellar.spectra.fits_table import FitsHeader, FitsTable, read_tables
from ml_core.stellar.spectra.names import parse_spectrum_file
from ml_core.stellar.spectra.snr import median_snr
from ml_core.stellar.spectra.spectrum import Spectrum, WavelengthMedium

LAYOUT: Final = "SDSS spec"
_NANOMAGGIE_ZERO: Final = 22.5


def read_spectrum(path: Path | str) -> Spectrum:
    """Read one SDSS spectrum.

    Pixels whose flux or inverse variance is no number, or whose inverse variance is not positive, come back as
    unusable (ivar 0); that is a stated repair in ``notes`` where the file did not mark them itself.

    Raises:
        FormatError: ``spectrum.missing``, ``spectrum.not_fits``, ``spectrum.truncated``, ``spectrum.no_coadd`` or
            ``spectrum.no_good_pixels``.
    """
    path = Path(path)
    with np.errstate(all="ignore"):  # damaged values overflow; they are found and marked
        return _read(path)


def _read(path: Path) -> Spectrum:
    found = read_tables(path)
    coadd = next((table for table in found.tables if is_coadd(table)), None)
    if coadd is None:
        names = ", ".join(table.name or "unnamed" for table in found.tables) or "none"
        raise FormatError(
            f"The file has no COADD table with flux, loglam and ivar (its tables: {names}).", code="spectrum.no_coadd",
            hint="Use the spec-*.fits files of SDSS; spPlate and spSpec files have other layouts.", where=path.name,
        )  # fmt: skip
    spectrum = _pixels(coadd, path)
    facts = next((table for table in found.tables if table is not coadd and "SUBCLASS" in table.columns), None)
    return _identify(spectrum, found.header, facts, path)


def is_coadd(table: FitsTable) -> bool:
    """Whether a table is the summed spectrum of an SDSS file."""
    names = table.columns.keys()
    return {"FLUX", "LOGLAM", "IVAR"} <= names and (table.name == "COADD" or "AND_MASK" in names)


def make_spectrum(
    wavelength: NDArray[np.float64], flux: NDArray[np.floating], ivar: NDArray[np.floating], where: str
) -> Spectrum:
    """A `Spectrum` with its pixels checked: rising wavelengths, no NaN, ivar 0 where a pixel is of no use.

    Raises:
        FormatError: ``spectrum.no_good_pixels`` when none is of use.
    """
    flux, ivar = np.asarray(flux, np.float32), np.asarray(ivar, np.float32)
    notes: list[str] = []
    order_ok = np.isfinite(wavelength) & (wavelength > 0)
    if not order_ok.all() or np.any(np.diff(wavelength) <= 0):
        keep = np.flatnonzero(order_ok)
        keep = keep[np.unique(wavelength[keep], return_index=True)[1]]
        notes.append(f"{len(wavelength) - len(keep)} pixels without a wavelength of their own were left out, "
                     "the others sorted.")  # fmt: skip
        wavelength, flux, ivar = wavelength[keep], flux[keep], ivar[keep]
    usable = np.isfinite(flux) & np.isfinite(ivar) & (ivar > 0)
    lost = int(np.count_nonzero(~usable & ~(ivar == 0)))
    if lost:
        notes.append(f"{lost} pixels have no valid flux or inverse variance and are not used.")
    if np.count_nonzero(usable) < 2:
        raise FormatError("No pixel of the spectrum is usable: its inverse variance is 0 everywhere.",
                          code="spectrum.no_good_pixels",
                          hint="The fibre saw nothing or the file is a placeholder; leave the star out.",
                          where=where)  # fmt: skip
    ivar = np.where(usable, ivar, np.float32(0))
    flux = np.where(np.isfinite(flux), flux, np.float32(0))
    return Spectrum(
        wavelength=wavelength, flux=flux, ivar=ivar, mask=~usable, and_mask=np.zeros(0, np.int32),
        wavelength_medium="unknown", sn_median=median_snr(flux, ivar), magnitudes=np.full(5, np.nan),
        notes=tuple(notes),
    )  # fmt: skip


def _pixels(coadd: FitsTable, path: Path) -> Spectrum:
    flux, loglam, ivar = coadd.numbers("flux"), coadd.numbers("loglam"), coadd.numbers("ivar")
    if flux is None or loglam is None or ivar is None or flux.ndim != 1 or not len(flux):
        raise FormatError("The COADD table of the file holds no spectrum.", code="spectrum.no_coadd",
                          hint="Copy or download the file again.", where=path.name)  # fmt: skip
    spectrum = make_spectrum(10.0 ** loglam.astype(np.float64), flux, ivar, path.name)
    warnings = coadd.numbers("and_mask")
    if warnings is None or len(warnings) != len(spectrum.flux):
        return spectrum
    return replace(spectrum, and_mask=warnings.astype(np.int32))


def _identify(spectrum: Spectrum, header: FitsHeader, facts: FitsTable | None, path: Path) -> Spectrum:
    named = parse_spectrum_file(path.name) or (0, 0, 0)
    # SDSS states VACUUM in every header since DR9, and means vacuum where it says nothing.
    medium: WavelengthMedium = "air" if header.text("VACUUM") == "F" else "vacuum"
    spectrum = replace(
        spectrum, wavelength_medium=medium, layout=LAYOUT, flux_unit=header.text("BUNIT") or spectrum.flux_unit,
        plate=header.integer("PLATEID", named[0]), mjd=header.integer("MJD", named[1]),
        fiber=header.integer("FIBERID", named[2]), ra=header.number("PLUG_RA"), dec=header.number("PLUG_DEC"),
    )  # fmt: skip
    if facts is None or not facts.rows:  # a spectrum without a judgement is still one to classify
        return replace(spectrum, notes=(*spectrum.notes, "The file says nothing about the star's class."))
    return replace(
        spectrum, name=facts.text("SPECOBJID"), subclass=facts.text("SUBCLASS"), spec_class=facts.text("CLASS"),
        z=facts.number("Z"), z_err=facts.number("Z_ERR"), sn_pipeline=facts.number("SN_MEDIAN_ALL"),
        plate=_whole(facts, "PLATE", spectrum.plate), mjd=_whole(facts, "MJD", spectrum.mjd),
        fiber=_whole(facts, "FIBERID", spectrum.fiber), magnitudes=_magnitudes(facts),
    )  # fmt: skip


def _whole(facts: FitsTable, name: str, default: int) -> int:
    value = facts.number(name)
    return int(value) if np.isfinite(value) else default


def _magnitudes(facts: FitsTable) -> NDArray[np.float64]:
    """PSFMAG where the file has it, else -2.5 log10 of the fluxes in nanomaggies, in the five bands."""
    magnitudes = facts.numbers("PSFMAG")
    if magnitudes is not None and magnitudes.shape == (1, 5):
        values = magnitudes[0].astype(np.float64)
        return np.where((values > 0) & (values < 40), values, np.nan)
    fluxes = facts.numbers("SPECTROFLUX")
    if fluxes is None or fluxes.shape != (1, 5):
        return np.full(5, np.nan)
    positive = np.where(fluxes[0] > 0, fluxes[0].astype(np.float64), np.nan)
    return np.asarray(_NANOMAGGIE_ZERO - 2.5 * np.log10(positive))
