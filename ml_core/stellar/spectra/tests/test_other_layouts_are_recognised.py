"""Spectra of other observatories are read by what they say of themselves; the others are refused by what they hold."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from ml_core.errors import FormatError
from ml_core.stellar.spectra.fits_writer import fits_bytes
from ml_core.stellar.spectra.reading import read_any_spectrum
from ml_core.stellar.spectra.resample import to_grid
from ml_core.stellar.spectra.tests import samples

WAVE = np.linspace(3800.0, 9300.0, 2000)
FLUX = 10 + np.sin(WAVE / 100)


def table(path: Path, **columns: np.ndarray) -> Path:
    path.write_bytes(fits_bytes({"TELESCOP": "NOT", "OBJECT": "J0114"}, [("SPECTRUM", columns)]))
    return path


def test_sdss_files_take_the_fast_way(tmp_path: Path) -> None:
    assert read_any_spectrum(samples.spec(tmp_path / "a.fits")).layout == "SDSS spec"


def test_a_table_with_named_columns_is_read(tmp_path: Path) -> None:
    ivar = np.full(WAVE.size, 4.0)
    ivar[:50] = 0
    read = read_any_spectrum(table(tmp_path / "a.fits", wave=WAVE, flux=FLUX, ivar=ivar))
    assert np.allclose(read.wavelength, WAVE) and np.allclose(read.flux, FLUX)
    assert read.mask.sum() == 50 and read.name == "J0114" and read.layout == "FITS table SPECTRUM"
    assert read.wavelength_medium == "unknown"
    errors = read_any_spectrum(table(tmp_path / "b.fits", WAVELENGTH=WAVE, FLUX=FLUX, ERROR=np.full(WAVE.size, 0.5)))
    assert np.allclose(errors.ivar, 4.0)


def test_wavelengths_in_logarithm_and_fluxes_of_tiny_size_are_understood(tmp_path: Path) -> None:
    read = read_any_spectrum(
        table(tmp_path / "a.fits", loglam=np.log10(WAVE), flux=FLUX * 1e-17, ivar=np.full(WAVE.size, 1e34))
    )
    assert np.allclose(read.wavelength, WAVE) and np.allclose(read.flux, FLUX, rtol=1e-5)
    assert np.allclose(read.ivar, 1.0) and to_grid(read).coverage == 1.0


def test_errors_that_are_missing_are_estimated_and_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", loglam=np.log10(WAVE), flux=FLUX + rng.normal(0, 0.5, WAVE.size))
    read = read_any_spectrum(tmp_path / "a.npz")
    assert np.median(read.ivar) == pytest.approx(4.0, rel=0.2)
    assert any("estimated" in note for note in read.notes)


def test_an_unknown_layout_is_named(tmp_path: Path) -> None:
    path = table(tmp_path / "a.fits", energy=WAVE, counts=FLUX)
    with pytest.raises(FormatError) as caught:
        read_any_spectrum(path)
    assert caught.value.code == "spectrum.unknown_format"
    assert all(word in caught.value.message for word in ("NOT", "SPECTRUM", "ENERGY", "COUNTS"))
    np.savez(tmp_path / "b.npz", first=WAVE, second=FLUX)
    with pytest.raises(FormatError, match="first, second"):
        read_any_spectrum(tmp_path / "b.npz")


def test_archives_with_objects_or_damage_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", wave=np.array([{}, {}], dtype=object), flux=np.ones(2))
    (tmp_path / "b.npz").write_bytes(b"PK\x03\x04 nothing")
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as packed:
        # A header that promises a terabyte, and nothing behind it.
        promise = io.BytesIO()
        np.lib.format.write_array_header_1_0(promise, {"descr": "<f8", "fortran_order": False, "shape": (1 << 37,)})
        packed.writestr("wave.npy", promise.getvalue())
    with zipfile.ZipFile(tmp_path / "d.npz", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("wave.npy", bytes(65 << 20))
    for name in ("a.npz", "b.npz", "c.npz", "d.npz"):
        with pytest.raises(FormatError) as caught:
            read_any_spectrum(tmp_path / name)
        assert caught.value.code == "spectrum.not_fits"


@pytest.mark.slow
def test_specutils_reads_what_we_do_not_know(tmp_path: Path) -> None:
    made = fits.PrimaryHDU(FLUX.astype("f4"))
    made.header.update(CTYPE1="AWAV", CUNIT1="Angstrom", CRVAL1=WAVE[0], CRPIX1=1, CDELT1=WAVE[1] - WAVE[0], BUNIT="Jy")
    made.writeto(tmp_path / "a.fits")
    read = read_any_spectrum(tmp_path / "a.fits")
    assert read.layout == "by specutils" and read.wavelength_medium == "air" and read.flux_unit == "Jy"
    assert np.allclose(read.flux, FLUX, rtol=1e-5) and np.allclose(read.wavelength, WAVE, rtol=1e-5)


@pytest.mark.process
def test_specutils_is_not_loaded_for_sdss_files(tmp_path: Path) -> None:
    path = samples.spec(tmp_path / "a.fits")
    code = (
        "import sys, pathlib; from ml_core.stellar.spectra.reading import read_any_spectrum;"
        f"read_any_spectrum(pathlib.Path({str(path)!r}));"
        "sys.exit(any(name in sys.modules for name in ('specutils', 'astropy', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
