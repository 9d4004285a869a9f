"""Singular covariances, constant bands, missing values, tiny scenes, mapped files, other types, cancelling."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from pydantic import ValidationError

from ml_core.errors import CodedError
from ml_core.hsi.classic import CLASSIC
from ml_core.hsi.classic.parameters import CRDParameters, IsolationForestParameters, LocalRXParameters
from ml_core.hsi.classic.pixels import measure
from ml_core.hsi.classic.tests import references
from ml_core.hsi.scene import Scene

KEYS = list(CLASSIC)


def small(key):
    """Parameters with which a scene of 18 x 20 x 12 makes sense."""
    if key == "local_rx":
        return LocalRXParameters(inner=3, outer=9, components=5)
    return CRDParameters(inner=3, outer=9) if key == "crd" else None


def detect(key, cube, **options):
    return CLASSIC[key].detect(cube, parameters=small(key), **options)


@pytest.mark.parametrize("key", KEYS)
def test_a_map_is_finite_and_as_large_as_the_scene(key):
    cube, _ = references.spectra()
    found = detect(key, cube)
    assert found.shape == cube.shape[:2]
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert found.std() > 0


@pytest.mark.parametrize("key", KEYS)
def test_constant_and_excluded_bands_change_nothing(key):
    cube, _ = references.spectra()
    shape = (*cube.shape[:2], 1)
    noise = np.random.default_rng(0).normal(size=shape) * 1e5
    more = np.concatenate([cube[..., :5], np.full(shape, 7.7), cube[..., 5:], noise], axis=2)
    good = np.ones(14, dtype=bool)
    good[-1] = False
    expected = detect(key, cube)
    np.testing.assert_allclose(detect(key, more, good_bands=good), expected, rtol=1e-6)
    scene = Scene("scene", more, None, None, good)
    np.testing.assert_allclose(detect(key, scene), expected, rtol=1e-6)


def test_a_band_in_another_unit_or_twice_changes_nothing_for_global_rx():
    cube, _ = references.spectra()
    expected = references.global_rx(cube)
    other = cube * np.geomspace(1e-7, 1e7, cube.shape[2])
    np.testing.assert_allclose(detect("global_rx", other), expected, rtol=1e-4)
    twice = np.concatenate([cube, cube[..., :3], cube[..., :1] + cube[..., 1:2]], axis=2)
    np.testing.assert_allclose(detect("global_rx", twice), expected, rtol=1e-4)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_pixel_with_missing_values_is_no_anomaly_and_disturbs_no_statistics(key, value):
    cube, _ = references.spectra()
    hole = cube.copy()
    hole[2:4, 3] = value
    hole[9, 9, 4] = value
    found = detect(key, hole)
    assert np.isfinite(found).all()
    assert found[2, 3] == found[3, 3] == found[9, 9] == found.min()
    assert np.corrcoef(found.ravel(), detect(key, cube).ravel())[0, 1] > 0.8


@pytest.mark.parametrize("key", KEYS)
def test_a_pixel_that_the_scene_calls_invalid_is_no_anomaly(key):
    cube, _ = references.spectra()
    invalid = np.zeros(cube.shape[:2], dtype=bool)
    invalid[4, 5] = invalid[0, :3] = True
    found = detect(key, Scene("scene", cube, None, None, np.ones(12, dtype=bool), invalid=invalid))
    assert (found[invalid] == found.min()).all()
    assert found[~invalid].min() == found.min()


def test_an_invalid_pixel_takes_no_part_in_the_statistics():
    cube, _ = references.spectra()
    invalid = np.zeros(cube.shape[:2], dtype=bool)
    invalid[3, 4] = True
    cube[3, 4] = 1e9
    pixels = measure(Scene("scene", cube, None, None, np.ones(12, dtype=bool), invalid=invalid))
    np.testing.assert_allclose(pixels.covariance, np.cov(cube[~invalid].T), rtol=1e-9)


def test_a_band_that_is_mostly_missing_is_left_out():
    cube, _ = references.spectra()
    broken = np.concatenate([cube, np.full((*cube.shape[:2], 1), np.nan)], axis=2)
    broken[0, 0, -1] = 1
    np.testing.assert_array_equal(detect("global_rx", broken), detect("global_rx", cube))


@pytest.mark.parametrize("key", KEYS)
def test_a_scene_with_a_flat_area_and_repeated_pixels_stays_finite(key):
    cube, _ = references.spectra(dtype=np.int16)
    cube[:, :14] = cube[0, 0]
    cube[8, 5] += 50
    found = detect(key, cube)
    assert np.isfinite(found).all()
    assert found[8, 5] > np.median(found[:, :12])
    assert found[2, 2] <= found[8, 5] * 1e-2 or key == "iforest"


@pytest.mark.parametrize("key", KEYS)
def test_fewer_pixels_than_bands(key):
    cube, _ = references.spectra(shape=(10, 11), bands=150)
    found = detect(key, cube)
    assert np.isfinite(found).all()
    assert found.std() > 1e-3 * found.mean()


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("shape", [(12, 60), (60, 9), (16, 16)])
def test_a_scene_smaller_than_the_outer_window_is_its_own_background(key, shape):
    cube, _ = references.spectra(shape=shape, bands=30)
    assert np.isfinite(CLASSIC[key].detect(cube)).all()


@pytest.mark.parametrize("key", ["local_rx", "crd"])
def test_a_scene_as_small_as_the_guard_is_refused_with_a_cure(key):
    cube, _ = references.spectra(shape=(7, 7), bands=30)
    with pytest.raises(CodedError, match="background pixels") as refusal:
        CLASSIC[key].detect(cube)
    assert refusal.value.code == "hsi.scene_small"
    assert refusal.value.hint


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("cube", "code"),
    [
        (np.zeros((9, 9, 4)), "hsi.scene_flat"),
        (np.full((9, 9, 4), np.nan), "hsi.scene_missing"),
        (np.ones((9, 9)), "hsi.scene_shape"),
        (np.ones((0, 9, 3)), "hsi.scene_shape"),
        (np.ones((1, 1, 3)), "hsi.scene_missing"),
    ],
)
def test_a_scene_without_content_is_refused_with_a_cure(key, cube, code):
    with pytest.raises(CodedError) as refusal:
        CLASSIC[key].detect(cube)
    assert refusal.value.code == code
    assert refusal.value.hint


def test_a_scene_whose_bands_are_all_excluded_is_refused():
    cube, _ = references.spectra()
    with pytest.raises(CodedError, match="No band") as refusal:
        detect("global_rx", cube, good_bands=np.zeros(12, dtype=bool))
    assert refusal.value.code == "hsi.scene_flat"


@pytest.mark.parametrize("key", KEYS)
def test_progress_rises_to_one_and_whatever_it_raises_cancels(key):
    class Cancelled(Exception):
        pass

    def cancel(share):
        if share > 0.5:
            raise Cancelled

    cube, _ = references.spectra()
    shares = []
    detect(key, cube, progress=shares.append)
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] == 1
    with pytest.raises(Cancelled):
        detect(key, cube, progress=cancel)


@pytest.mark.parametrize("key", KEYS)
def test_a_mapped_file_gives_the_same_map(key, tmp_path):
    cube, _ = references.spectra(dtype=np.float32)
    np.save(tmp_path / "cube.npy", cube)
    mapped = np.load(tmp_path / "cube.npy", mmap_mode="r")
    np.testing.assert_array_equal(detect(key, mapped), detect(key, cube))


@pytest.mark.parametrize("key", ["global_rx", "iforest", "morphological"])
def test_a_large_scene_is_read_in_blocks(key, tmp_path):
    shape = (300, 400, 100)
    cube = np.lib.format.open_memmap(tmp_path / "cube.npy", mode="w+", dtype=np.float32, shape=shape)
    cube[:] = np.random.default_rng(0).normal(size=shape[:2])[..., None] * np.linspace(1, 2, 100, dtype=np.float32)
    cube[..., :10] += np.random.default_rng(1).normal(size=(*shape[:2], 10))
    parameters = IsolationForestParameters(trees=10) if key == "iforest" else None
    detect(key, cube[:20])  # imports are not part of the memory for a scene
    tracemalloc.start()
    try:
        found = CLASSIC[key].detect(cube, parameters=parameters)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert np.isfinite(found).all()
    assert peak < 0.8 * 8 * cube.size  # far below the cube as float64, of which three blocks of 32 MiB lie in memory


def test_the_covariance_is_exact_far_from_zero():
    cube, _ = references.spectra()
    pixels = measure(cube + 1e7)
    expected = np.cov(cube.reshape(-1, cube.shape[2]).T)
    np.testing.assert_allclose(pixels.covariance, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("windows", [{"inner": 4}, {"outer": 16}, {"inner": 17, "outer": 17}])
def test_windows_without_a_centre_or_a_ring_are_refused(windows):
    with pytest.raises(ValidationError, match="window"):
        LocalRXParameters(**windows)


@pytest.mark.parametrize("key", KEYS)
def test_a_form_can_be_made_of_every_method(key):
    method = CLASSIC[key]
    assert method.key == key == method.create().name
    assert method.title and method.summary.endswith(".") and "doi" in method.reference
    assert all("description" in field for field in method.parameters.model_json_schema()["properties"].values())


@pytest.mark.process
def test_listing_the_methods_imports_nothing_heavy():
    code = (
        "import sys, ml_core.hsi.classic as c; list(c.CLASSIC);"
        "sys.exit(bool({'torch', 'sklearn', 'skimage', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
