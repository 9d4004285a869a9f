"""Canonical scenes: the same picture whatever the sensor, the number type and the faults of single bands."""

from __future__ import annotations

import numpy as np
import pytest

from ml_core.hsi import canonical
from ml_core.hsi.canonical import CanonicalSettings, SceneError, canonicalise, resampling_matrix

SMALL = CanonicalSettings(num_bands=24, components=6)


def a_cube(height: int = 20, width: int = 16, bands: int = 40, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    materials = np.cumsum(generator.normal(size=(4, bands)), axis=1)
    shares = generator.dirichlet(np.ones(4), size=(height, width))
    return (1000 + 200 * shares @ materials + generator.normal(size=(height, width, bands))).astype(np.float64)


def test_coordinates_are_centred_uncorrelated_and_half_whitened() -> None:
    scene = canonicalise(a_cube(), settings=SMALL)
    flat = scene.coordinates.reshape(-1, 6).astype(np.float64)
    covariance = np.cov(flat.T, bias=True)
    assert np.abs(flat.mean(axis=0)).max() < 1e-3
    assert np.allclose(covariance, np.diag(scene.variances), atol=1e-3 * scene.variances[0])
    assert np.mean(scene.spectra() ** 2) == pytest.approx(1.0, rel=1e-3)


def test_half_whitening_takes_the_square_root_of_each_variance() -> None:
    cube = a_cube()
    scene = canonicalise(cube, settings=CanonicalSettings(num_bands=40, components=4))
    values = np.linalg.eigvalsh(np.cov(cube.reshape(-1, 40).T, bias=True))[::-1][:4]
    ratio = scene.variances / np.sqrt(values)
    assert np.allclose(ratio, ratio[0], rtol=1e-6)


def test_units_and_offsets_of_the_sensor_leave_no_trace() -> None:
    cube = a_cube()
    first, second = canonicalise(cube, settings=SMALL), canonicalise(cube * 37.0 - 5e4, settings=SMALL)
    assert np.allclose(first.coordinates, second.coordinates, atol=1e-3)


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cube = a_cube().astype(np.int16)
    whole = canonicalise(cube, settings=SMALL)
    monkeypatch.setattr(canonical.row_blocks, "__defaults__", (1,))
    rows = canonicalise(cube, settings=SMALL)
    assert np.allclose(whole.coordinates, rows.coordinates, atol=1e-3)


def test_dead_and_excluded_bands_are_left_out() -> None:
    cube = a_cube()
    healthy = np.ones(40, dtype=bool)
    healthy[[3, 17, 30]] = False
    broken = cube.copy()
    broken[..., 3], broken[..., 17], broken[..., 30] = np.nan, 7.0, np.random.default_rng(1).normal(size=(20, 16)) * 1e6
    good = np.ones(40, dtype=bool)
    good[30] = False
    scene = canonicalise(broken, good_bands=good, settings=SMALL)
    assert (scene.used_bands == healthy).all()
    assert np.allclose(scene.coordinates, canonicalise(cube, good_bands=healthy, settings=SMALL).coordinates, atol=1e-3)


def test_single_missing_values_count_as_the_mean_of_their_band() -> None:
    cube = a_cube()
    cube[4, 5] = np.nan
    scene = canonicalise(cube, settings=SMALL)
    assert np.isfinite(scene.coordinates).all()
    assert np.abs(scene.coordinates[4, 5]).max() < 0.5


def test_a_border_without_data_changes_nothing_inside() -> None:
    cube = a_cube()
    framed = np.full((30, 24, 40), np.nan)
    framed[6:26, 5:21] = cube
    whole, inner = canonicalise(framed, settings=SMALL), canonicalise(cube, settings=SMALL)
    assert np.allclose(whole.coordinates[6:26, 5:21], inner.coordinates, atol=1e-3)
    assert np.allclose(whole.variances, inner.variances, rtol=1e-6)
    assert whole.missing is not None and inner.missing is None
    assert whole.missing.sum() == 30 * 24 - 20 * 16 and not whole.missing[6:26, 5:21].any()


def test_known_wavelengths_place_the_bands() -> None:
    wavelengths = np.linspace(300, 1000, 40)
    scene = canonicalise(a_cube(), wavelengths=wavelengths, settings=SMALL)
    assert scene.axis[0] == 400 and scene.axis[-1] == 1000


def test_resampling_keeps_straight_lines_and_skips_no_band() -> None:
    source, target = np.linspace(0, 1, 200), np.linspace(0, 1, 24)
    matrix = resampling_matrix(source, target)
    assert np.allclose((3 * source + 1) @ matrix, 3 * target + 1, atol=0.08)
    assert (matrix.sum(axis=1) > 0).all()
    finer = resampling_matrix(np.linspace(0, 1, 5), target)
    assert np.allclose(np.linspace(0, 1, 5) @ finer, target)


def test_fewer_bands_than_components_leave_empty_coordinates() -> None:
    scene = canonicalise(a_cube(bands=3), settings=SMALL)
    assert (scene.coordinates[..., 3:] == 0).all() and (scene.variances[3:] == 0).all()


@pytest.mark.parametrize("value", [0.0, 12.5])
def test_a_scene_without_variation_is_refused(value: float) -> None:
    with pytest.raises(SceneError, match="varies"):
        canonicalise(np.full((5, 6, 7), value), settings=SMALL)
