"""The grid is that of the specification, flux and information are kept, and what was not measured is 0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ml_core.errors import FormatError
from ml_core.stellar.spectra.lines import FEATURES
from ml_core.stellar.spectra.resample import GRID, GRID_LOG, POINTS, to_grid
from ml_core.stellar.spectra.sdss import make_spectrum
from ml_core.stellar.spectra.snr import median_snr, snr_group
from ml_core.stellar.spectra.spectrum import Spectrum
from ml_core.stellar.spectra.wavelengths import air_to_vacuum, doppler, in_vacuum, vacuum_to_air


def spectrum(wavelength: np.ndarray, flux: np.ndarray | float, ivar: np.ndarray | float = 1.0) -> Spectrum:
    made = make_spectrum(
        wavelength, np.broadcast_to(flux, wavelength.shape), np.broadcast_to(ivar, wavelength.shape), "a"
    )
    return replace(made, wavelength_medium="vacuum")


def test_the_grid_has_3522_points_from_4000_to_9000() -> None:
    assert (POINTS, len(GRID)) == (3522, 3522)
    assert GRID[0] == pytest.approx(4000.0) and GRID[-1] == pytest.approx(9000.0, abs=2.0)
    assert np.allclose(np.diff(GRID_LOG), 1e-4)


def test_a_spectrum_on_the_grid_stays_as_it_is() -> None:
    rng = np.random.default_rng(0)
    flux, ivar = rng.normal(10, 3, POINTS), rng.uniform(0.5, 2, POINTS)
    grid = to_grid(spectrum(GRID, flux, ivar))
    assert np.allclose(grid.flux, flux, atol=2e-3) and np.allclose(grid.ivar, ivar, rtol=3e-3)
    assert grid.coverage == 1.0 and grid.flux.dtype == grid.ivar.dtype == np.float32


@pytest.mark.parametrize("step", [0.3e-4, 0.7e-4, 1e-4, 2.3e-4])
def test_flux_and_information_are_kept_whatever_the_pixels(step: float) -> None:
    wavelength = 10 ** np.arange(3.58, 3.98, step)
    flux = 5 + np.sin(wavelength / 40)
    grid = to_grid(spectrum(wavelength, flux, 2.0))
    inside = (wavelength > 4100) & (wavelength < 8900)
    kept = (GRID > 4100) & (GRID < 8900)
    area = np.trapezoid(flux[inside], wavelength[inside])
    assert np.trapezoid(grid.flux[kept].astype(float), GRID[kept]) == pytest.approx(area, rel=1e-3)
    assert grid.ivar[kept].sum() == pytest.approx(2.0 * inside.sum(), rel=2e-3)


def test_noise_on_the_grid_is_what_its_inverse_variance_says() -> None:
    rng = np.random.default_rng(1)
    wavelength = 10 ** (3.60 + 0.25e-4 * np.arange(15000))
    grid = to_grid(spectrum(wavelength, rng.normal(0, 0.5, wavelength.size), 4.0))
    good = grid.ivar > 0
    assert np.std(grid.flux[good] * np.sqrt(grid.ivar[good])) == pytest.approx(1.0, abs=0.05)


def test_unusable_pixels_and_gaps_are_zero_and_lower_the_coverage() -> None:
    ivar = np.ones(POINTS)
    ivar[100:200] = 0
    flux = np.full(POINTS, 7.0)
    flux[100:200] = 1e9
    grid = to_grid(spectrum(GRID, flux, ivar))
    assert (grid.ivar[101:199] == 0).all() and (grid.flux[101:199] == 0).all()
    assert np.allclose(grid.flux[grid.ivar > 0], 7.0)
    assert grid.coverage == pytest.approx(1 - 100 / POINTS, abs=1e-3)
    kept = np.r_[0:1000, 2000:POINTS]
    grid = to_grid(spectrum(GRID[kept], 7.0))
    assert (grid.ivar[1005:1995] == 0).all() and np.allclose(grid.flux[grid.ivar > 0], 7.0)


def test_a_spectrum_that_ends_early_covers_less() -> None:
    grid = to_grid(spectrum(GRID[GRID < 7000], 1.0))
    assert grid.coverage == pytest.approx(np.mean(GRID < 7000), abs=1e-3)
    assert (grid.flux[GRID > 7005] == 0).all()


@pytest.mark.parametrize("wavelength", [np.linspace(10_000, 24_000, 500), np.linspace(0.4, 0.9, 500)])
def test_a_spectrum_elsewhere_is_refused(wavelength: np.ndarray) -> None:
    with pytest.raises(FormatError) as caught:
        to_grid(spectrum(wavelength, 1.0))
    assert caught.value.code == "spectrum.no_coverage" and "4000" in caught.value.message


def test_a_velocity_is_taken_out() -> None:
    wavelength = 10 ** np.arange(3.58, 3.97, 0.2e-4)
    moved = np.exp(-0.5 * ((wavelength - 6564.6 * (1 + 300 / 299_792.458)) / 3) ** 2)
    star = spectrum(wavelength, moved)
    assert GRID[to_grid(star).flux.argmax()] == pytest.approx(6571.2, abs=1.0)
    assert GRID[to_grid(star, velocity=300.0).flux.argmax()] == pytest.approx(6564.6, abs=1.0)
    assert doppler(np.array([6564.6]), 0.0)[0] == 6564.6


def test_air_wavelengths_are_converted_and_unknown_ones_stated() -> None:
    # H-alpha, Na D1, Ca II in air and vacuum, from the NIST Atomic Spectra Database.
    air, vacuum = np.array([6562.79, 5895.924, 8662.14]), np.array([6564.60, 5897.558, 8664.52])
    assert np.allclose(air_to_vacuum(air), vacuum, atol=0.02)
    assert np.allclose(vacuum_to_air(air_to_vacuum(air)), air, atol=1e-7)
    made = replace(spectrum(GRID, 1.0), wavelength_medium="air")
    converted = in_vacuum(made)
    assert converted.wavelength_medium == "vacuum" and converted.wavelength[0] == pytest.approx(4001.13, abs=0.01)
    assert any("air" in note for note in converted.notes)
    unknown = in_vacuum(replace(made, wavelength_medium="unknown"))
    assert np.array_equal(unknown.wavelength, made.wavelength) and "assumed" in unknown.notes[-1]


def test_pixels_out_of_order_are_sorted_and_doubled_ones_left_out() -> None:
    wavelength = np.array([5000.0, 5002.0, 5001.0, 5001.0, np.nan, 5003.0])
    made = make_spectrum(wavelength, np.arange(6.0), np.ones(6), "a")
    assert made.wavelength.tolist() == [5000.0, 5001.0, 5002.0, 5003.0] and made.flux.tolist() == [0, 2, 1, 5]
    assert "sorted" in made.notes[0]


def test_groups_part_at_five() -> None:
    assert [snr_group(value) for value in (0.0, 4.99, 5.0, 90.0)] == ["low", "low", "high", "high"]
    assert median_snr(np.array([1.0, 2.0, 99.0]), np.array([4.0, 4.0, 0.0])) == 3.0
    assert median_snr(np.ones(3), np.zeros(3)) == 0.0


def test_lines_and_bands_are_in_vacuum_and_can_be_asked_for_in_air() -> None:
    by_name = {feature.name: feature for feature in FEATURES}
    assert by_name["Hα"].start == 6564.6 and by_name["Hα"].in_air().start == pytest.approx(6562.8, abs=0.05)
    # The windows of the indices were published in air.
    assert by_name["TiO5"].start == pytest.approx(7128.0, abs=0.1)
    assert all(feature.start <= feature.end for feature in FEATURES)
