"""A cube is measured block by block; the blocks must not show."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from ml_core.hsi.formats.tests.samples import sample
from ml_core.hsi.measure_scene import measure_scene, noise_of
from ml_core.hsi.repair import plan_repair, repair_cube


def holes() -> np.ndarray:
    """A float cube with all kinds of gaps."""
    cube = sample().cube.astype(np.float32) - 300
    rng = np.random.default_rng(0)
    cube[rng.random(cube.shape) < 0.02] = np.nan
    cube[7], cube[5, 5], cube[..., 3] = 0, np.nan, np.inf
    return cube


@pytest.mark.parametrize("cube, nodata", [(sample().cube, None), (holes(), None), (sample().cube, 120)])
def test_blocks_of_any_size_give_equal_numbers(
    cube: np.ndarray, nodata: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = measure_scene(cube, nodata=nodata)
    monkeypatch.setattr("ml_core.hsi.measure_scene._BLOCK_BYTES", 1)
    told: list[tuple[int, int]] = []
    rows = measure_scene(cube, nodata=nodata, progress=lambda done, total: told.append((done, total)))
    assert told == [(row + 1, len(cube)) for row in range(len(cube))]
    for field in fields(whole):
        one, other = getattr(whole, field.name), getattr(rows, field.name)
        if field.name in ("mean", "std"):
            assert np.allclose(one, other, rtol=1e-9, equal_nan=True)
        else:
            assert np.array_equal(one, other, equal_nan=isinstance(one, np.ndarray) and one.dtype.kind == "f")


def test_numbers_are_those_of_the_values_that_are_there() -> None:
    cube = holes()
    measured = measure_scene(cube)
    known = np.where(np.isfinite(cube), cube, np.nan).astype(np.float64)
    others = np.arange(cube.shape[2]) != 3
    assert np.allclose(measured.mean[others], np.nanmean(known[..., others], axis=(0, 1)))
    assert np.allclose(measured.std[others], np.nanstd(known[..., others], axis=(0, 1)))
    assert np.isnan(measured.mean[3]) and measured.constant[3]
    assert measured.negatives == np.count_nonzero(known < 0)
    assert measured.ceiling == np.count_nonzero(known == np.nanmax(known))
    assert np.array_equal(measured.missing_pixels, np.sum(~np.isfinite(cube), axis=2))


def test_large_means_lose_no_digits() -> None:
    rng = np.random.default_rng(0)
    cube = 1e9 + rng.normal(size=(30, 30, 5))
    assert np.allclose(measure_scene(cube).std, cube.reshape(-1, 5).std(axis=0), rtol=1e-6)


def test_the_fingerprint_follows_values_type_and_shape_alone() -> None:
    cube = sample().cube
    first = measure_scene(cube).fingerprint
    assert measure_scene(np.asfortranarray(cube)).fingerprint == first
    assert measure_scene(cube.astype(">u2")).fingerprint == first
    changed = cube.copy()
    changed[0, 0, 0] += 1
    others = {measure_scene(other).fingerprint for other in (changed, cube.astype(np.int32), cube.transpose(1, 0, 2))}
    assert first not in others and len(others) == 3


def test_noise_is_unknown_where_nothing_can_be_said() -> None:
    noise, explained = noise_of(np.zeros((100, 5), np.float32), np.array([True, True, False, False, False]))
    assert np.isnan(noise).all() and np.isnan(explained).all()


def test_a_repaired_cube_has_nothing_missing_and_keeps_the_rest() -> None:
    cube = holes()
    before = cube.copy()
    plan = plan_repair(cube, measure_scene(cube))
    replaced = repair_cube(cube, plan)
    kept = np.isfinite(before)
    assert replaced == np.count_nonzero(~kept)
    assert np.isfinite(cube).all() and np.array_equal(cube[kept], before[kept])
    assert np.flatnonzero(plan.lost_bands).tolist() == [3] and np.argwhere(plan.invalid).tolist() == [[5, 5]]
    assert not plan_repair(cube, measure_scene(cube)).is_needed


def test_gaps_are_filled_as_by_linear_interpolation() -> None:
    rng = np.random.default_rng(3)
    cube = rng.normal(size=(9, 8, 30))
    cube[rng.random(cube.shape) < 0.3] = np.nan
    expected = cube.copy()
    for spectrum in expected.reshape(-1, 30):
        gaps = np.isnan(spectrum)
        spectrum[gaps] = np.interp(np.flatnonzero(gaps), np.flatnonzero(~gaps), spectrum[~gaps])
    plan = plan_repair(cube, measure_scene(cube))
    repair_cube(cube, plan)
    judged = ~plan.invalid
    assert judged.sum() > 60 and np.allclose(cube[judged], expected[judged])


def test_an_invalid_border_repeats_the_nearest_measured_pixels() -> None:
    cube = sample().cube.astype(np.int32)
    cube[:4] = -1
    repair_cube(cube, plan_repair(cube, measure_scene(cube, nodata=-1), -1), nodata=-1)
    assert np.array_equal(cube[:4], np.repeat(sample().cube[4][None], 4, axis=0))
