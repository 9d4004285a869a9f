"""SDSS files give exactly what is in them; broken ones are refused with what is wrong and never crash the reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from ml_core.errors import FormatError
from ml_core.stellar.spectra.fits_writer import fits_bytes
from ml_core.stellar.spectra.names import parse_spectrum_file, specobjid_parts, spectrum_file
from ml_core.stellar.spectra.resample import to_grid
from ml_core.stellar.spectra.sdss import read_spectrum
from ml_core.stellar.spectra.subclass import label_of
from ml_core.stellar.spectra.tests import samples


def refusal(path: Path) -> str:
    with pytest.raises(FormatError) as caught:
        read_spectrum(path)
    assert caught.value.hint and caught.value.where == path.name
    return caught.value.code


def test_every_value_equals_that_of_astropy(tmp_path: Path) -> None:
    path = samples.spec(tmp_path / "spec-5047-55833-0936.fits")
    read = read_spectrum(path)
    with fits.open(path) as expected:
        expected.verify("exception")
        coadd, about = expected[1].data, expected[2].data
        assert np.array_equal(read.flux, coadd["flux"]) and np.array_equal(read.ivar, coadd["ivar"])
        assert np.array_equal(read.wavelength, 10.0 ** coadd["loglam"].astype(float))
        assert np.array_equal(read.and_mask, coadd["and_mask"])
        assert read.z == about["Z"][0] and read.sn_pipeline == about["SN_MEDIAN_ALL"][0]
    assert (read.plate, read.mjd, read.fiber) == (5047, 55833, 936)
    assert (read.ra, read.dec) == (335.22523, 12.05867)
    assert read.wavelength_medium == "vacuum" and read.flux_unit == "1E-17 erg/cm^2/s/Ang" and not read.notes


def test_identifiers_keep_every_digit(tmp_path: Path) -> None:
    assert read_spectrum(samples.spec(tmp_path / "a.fits")).name == samples.NAME
    text = samples.facts(SPECOBJID=np.array([b"    695908431386667008"]))
    assert read_spectrum(samples.spec(tmp_path / "b.fits", about=text)).name == "695908431386667008"


def test_and_mask_does_not_throw_pixels_away(tmp_path: Path) -> None:
    read = read_spectrum(samples.spec(tmp_path / "a.fits"))
    assert np.count_nonzero(read.and_mask) > 1000
    assert not read.mask.any()


def test_signal_to_noise_is_measured_on_usable_pixels(tmp_path: Path) -> None:
    flux, ivar = np.full(3838, 12.0, np.float32), np.full(3838, 0.25, np.float32)
    flux[:3000], ivar[:3000] = 1e6, 0.0
    read = read_spectrum(samples.spec(tmp_path / "a.fits", samples.columns(flux=flux, ivar=ivar)))
    assert read.sn_median == pytest.approx(6.0) and read.sn_pipeline == pytest.approx(48.5)


def test_values_that_are_no_numbers_are_marked_and_said(tmp_path: Path) -> None:
    flux, ivar = samples.columns()["flux"].copy(), samples.columns()["ivar"].copy()
    flux[10:20], ivar[30], ivar[31] = np.nan, np.inf, -1.0
    read = read_spectrum(samples.spec(tmp_path / "a.fits", samples.columns(flux=flux, ivar=ivar)))
    assert np.flatnonzero(read.mask).tolist() == [*range(10, 20), 30, 31]
    assert np.isfinite(read.flux).all() and (read.ivar[read.mask] == 0).all()
    assert any("12 pixels" in note for note in read.notes)


def test_magnitudes_come_from_what_the_file_has(tmp_path: Path) -> None:
    read = read_spectrum(samples.spec(tmp_path / "a.fits"))
    assert read.magnitudes[1] == pytest.approx(18.1) and np.isnan(read.magnitudes[4])
    about = samples.facts(SPECTROFLUX=np.array([[1.0, 100.0, -5.0, 0.0, 10.0]], np.float32))
    del about["PSFMAG"]
    read = read_spectrum(samples.spec(tmp_path / "b.fits", about=about))
    assert np.allclose(read.magnitudes, [22.5, 17.5, np.nan, np.nan, 20.0], equal_nan=True)


def test_a_spectrum_without_facts_is_still_one(tmp_path: Path) -> None:
    path = tmp_path / "spec-0618-52049-0372.fits"
    path.write_bytes(fits_bytes({}, [("COADD", samples.columns())]))
    read = read_spectrum(path)
    assert (read.plate, read.mjd, read.fiber) == (618, 52049, 372) and read.subclass == "" and read.notes


def test_a_web_page_is_no_spectrum(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    for text in ("<!DOCTYPE html><html>404</html>", "\n <html>", "", "plain text", "\x1f\x8b\x08"):
        path.write_text(text, encoding="latin-1")
        assert refusal(path) == "spectrum.not_fits"
    path.write_text("<html>")
    with pytest.raises(FormatError, match="web page"):
        read_spectrum(path)
    assert refusal(tmp_path / "nowhere.fits") == "spectrum.missing"
    assert refusal(tmp_path) == "spectrum.missing"


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = samples.spec(tmp_path / "a.fits").read_bytes()
    path = tmp_path / "b.fits"
    for part in (0.01, 0.03, 0.2, 0.9, 0.96):
        path.write_bytes(whole[: int(len(whole) * part)])
        assert refusal(path) == "spectrum.truncated"


def test_a_file_without_coadd_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    path.write_bytes(fits_bytes({}, [("SPECTRUM", {"wave": np.ones(4), "flux": np.ones(4)})]))
    with pytest.raises(FormatError, match="SPECTRUM") as caught:
        read_spectrum(path)
    assert caught.value.code == "spectrum.no_coadd"
    path.write_bytes(fits_bytes({}, []))
    assert refusal(path) == "spectrum.no_coadd"


def test_a_spectrum_without_one_usable_pixel_is_refused(tmp_path: Path) -> None:
    nothing = samples.columns(ivar=np.zeros(3838, np.float32))
    assert refusal(samples.spec(tmp_path / "a.fits", nothing)) == "spectrum.no_good_pixels"
    nothing = samples.columns(flux=np.full(3838, np.nan, np.float32))
    assert refusal(samples.spec(tmp_path / "b.fits", nothing)) == "spectrum.no_good_pixels"


def test_damaged_bytes_never_crash_the_reader(tmp_path: Path) -> None:
    whole = samples.spec(tmp_path / "a.fits").read_bytes()
    rng = np.random.default_rng(3)
    path = tmp_path / "b.fits"
    outcomes = set()
    for _ in range(300):
        damaged = bytearray(whole)
        # Headers are where damage misleads: sizes, counts and formats stand there. Numbers may become anything.
        for at in rng.integers(80, int(rng.choice([8640, 60_000])), 8):
            damaged[at] = int(rng.choice([0, 32, 39, 45, 47, 48, 57, 61, 65, 127, 255]))
        path.write_bytes(bytes(damaged))
        try:
            read = read_spectrum(path)
            outcomes.add(read.layout)
            assert np.isfinite(to_grid(read).flux).all()
        except FormatError as error:
            outcomes.add(error.code)
    assert "SDSS spec" in outcomes and len(outcomes) > 2


def test_headers_that_lie_about_sizes_are_refused(tmp_path: Path) -> None:
    whole = samples.spec(tmp_path / "a.fits").read_bytes()
    path = tmp_path / "b.fits"
    real = f"NAXIS2  = {3838:>20}".encode()
    assert real in whole
    for rows in ("9" * 20, "99999999999", "-5", "-99999999999"):
        path.write_bytes(whole.replace(real, f"NAXIS2  = {rows:>20}".encode(), 1))
        assert refusal(path) in ("spectrum.truncated", "spectrum.no_coadd", "spectrum.not_fits")


@pytest.mark.parametrize(
    "subclass, label",
    [("M0", 0), ("M1 (204445)", 1), ("M4V (100)", 4), (" M3 ", 3), ("dM2", 2), ("M6III (148783)", -1), ("M1III", -1),
     ("M5", -1), ("sdM1", -1), ("G2", -1), ("F3/F5V (30743)", -1), ("", -1), ("STARBURST", -1), ("M0.5", 0)],
)  # fmt: skip
def test_subclass_strings_give_labels(subclass: str, label: int) -> None:
    assert label_of(subclass) == label


def test_file_names_and_identifiers_hold_plate_mjd_and_fibre() -> None:
    assert spectrum_file(618, 52049, 372) == "spec-0618-52049-0372.fits"
    assert parse_spectrum_file("spec-0618-52049-0372.fits") == (618, 52049, 372)
    assert parse_spectrum_file("spec-15000-59146-0012.fits") == (15000, 59146, 12)
    assert parse_spectrum_file("star.fits") is None
    assert specobjid_parts("307416612011534336") == (273, 51957, 167)
    assert specobjid_parts("star 7") is None and specobjid_parts("9" * 30) is None
