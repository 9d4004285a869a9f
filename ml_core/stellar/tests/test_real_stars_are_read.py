"""The real catalogue, spectra and images beside the checkout: read whole, and equal to what other readers see."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from ml_core.stellar.catalogue import read_catalogue
from ml_core.stellar.images.cutout import cut_out, open_fits_image
from ml_core.stellar.images.reading import read_image
from ml_core.stellar.images.screening import screen
from ml_core.stellar.spectra.names import specobjid_parts
from ml_core.stellar.spectra.reading import read_any_spectrum
from ml_core.stellar.spectra.resample import GRID, to_grid
from ml_core.stellar.spectra.sdss import read_spectrum
from ml_core.stellar.spectra.subclass import label_of
from ml_core.stellar.survey import open_survey

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "stellar"

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="There are no real stars: ../shared/data/stellar is missing."
)


def real_spectra() -> dict[str, dict[str, str]]:
    path = SHARED / "real_spectra.csv"
    if not path.is_file():
        return {}
    with path.open(newline="") as stream:
        return {row["file"]: row for row in csv.DictReader(stream)}


def test_the_catalogue_is_read_whole_with_every_digit() -> None:
    catalogue = read_catalogue(SHARED / "objects.csv")
    assert Counter(star.subclass for star in catalogue.objects) == {"M0": 52, "M1": 49, "M2": 60, "M3": 82, "M4": 78}
    assert not catalogue.report.left_out
    for star in catalogue.objects:
        assert specobjid_parts(star.name) == (star.plate, star.mjd, star.fiber)


@pytest.mark.parametrize("file", sorted(real_spectra()))
def test_each_sdss_spectrum_is_what_its_table_says(file: str) -> None:
    expected, read = real_spectra()[file], read_spectrum(SHARED / file)
    assert (read.plate, read.mjd, read.fiber) == tuple(int(expected[key]) for key in ("plate", "mjd", "fiberID"))
    assert (read.subclass, read.spec_class) == (expected["sdss_subclass"] or read.subclass, expected["sdss_class"])
    assert read.wavelength_medium == "vacuum" and to_grid(read).coverage > 0.95
    if "single_exposure" not in file:
        assert read.sn_median == pytest.approx(float(expected["sn_median_all"]), rel=0.15)
        assert read.ra == pytest.approx(float(expected["ra"])) and read.dec == pytest.approx(float(expected["dec"]))
        bands = [float(expected[f"{band}_mag"]) for band in "ugriz"]
        assert np.allclose(read.magnitudes, bands, atol=1e-3)
    with fits.open(SHARED / file) as opened:
        assert np.array_equal(read.flux, opened[1].data["flux"])
        good = np.isfinite(opened[1].data["ivar"]) & (opened[1].data["ivar"] > 0)
        assert np.array_equal(read.ivar[good], opened[1].data["ivar"][good]) and np.array_equal(read.mask, ~good)


def test_classes_of_the_three_m_stars_and_of_the_others() -> None:
    labels = {file: label_of(row["sdss_subclass"]) for file, row in real_spectra().items()}
    assert {labels[file] for file in labels if "/M1/" in file} == {1}
    assert {labels[file] for file in labels if "/M4/" in file} == {4}
    assert {labels[file] for file in labels if "spectra_other" in file} == {-1}


def test_other_layouts_come_onto_the_grid() -> None:
    files = sorted((SHARED / "spectra_other").iterdir())
    assert len(files) == 15
    for path in files:
        read = read_any_spectrum(path)
        grid = to_grid(read)
        assert grid.coverage > 0.8 and np.isfinite(grid.flux).all() and (grid.ivar >= 0).all(), path.name
        assert read.layout == ("SDSS spec" if path.name.startswith("spec-") else read.layout)


def test_flux_is_kept_on_real_pixels() -> None:
    read = read_spectrum(SHARED / "spectra" / "M1" / "spec-0618-52049-0372.fits")
    grid = to_grid(read)
    inside = (read.wavelength > 5000) & (read.wavelength < 8000) & ~read.mask
    kept = (GRID > 5000) & (GRID < 8000)
    expected = np.trapezoid(read.flux[inside], read.wavelength[inside])
    assert np.trapezoid(grid.flux[kept], GRID[kept]) == pytest.approx(expected, rel=2e-3)


def test_the_folder_is_a_survey_whose_stars_say_what_they_lack() -> None:
    survey = open_survey(SHARED)
    assert len(survey.objects) == 321 and not survey.complete and len(survey.spectra) == 3
    assert len(survey.left_out) == 321 and len(survey.left_out_of("spectrum")) == 318


def test_real_pictures_are_read_and_real_images_cut_out() -> None:
    folder = SHARED / "images_real_unlabelled"
    pictures = sorted((folder / "cutouts").glob("*.jpg"))
    assert len(pictures) == 45
    for path in pictures[::9]:
        read = read_image(path)
        assert not read.notes and screen(read.pixels).measures["sources"] >= 0
    import bz2

    data, header = open_fits_image(bz2.decompress((folder / "reprojected_sdss_r.fits.bz2").read_bytes()))
    with (folder / "sources.csv").open(newline="") as stream:
        source = next(csv.DictReader(stream))
    cut = cut_out(data, header, float(source["ra"]), float(source["dec"]), 64)
    assert cut.pixel_scale == pytest.approx(1.19, abs=0.02)
    middle = cut.data[29:36, 29:36]
    assert np.nanmax(middle) > np.nanmedian(cut.data) + 5 * np.nanstd(cut.data[:10])
