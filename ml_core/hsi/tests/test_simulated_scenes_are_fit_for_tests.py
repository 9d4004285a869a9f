"""Simulated scenes follow from their seed, look like scenes, and hold what the mask says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ml_core.hsi.simulate import SENSORS, Simulation, simulate_scene


def test_equal_seeds_give_equal_scenes() -> None:
    first, second, other = simulate_scene(5), simulate_scene(5), simulate_scene(6)
    assert np.array_equal(first.cube, second.cube) and np.array_equal(first.mask, second.mask)
    assert not np.array_equal(first.cube, other.cube)


@pytest.mark.parametrize("sensor", SENSORS)
def test_each_sensor_gives_its_bands_and_type(sensor: str) -> None:
    scene = simulate_scene(1, Simulation(sensor=sensor, height=40, width=50))
    assert scene.shape[:2] == (40, 50) and scene.wavelengths is not None
    assert len(scene.wavelengths) == scene.shape[2] == len(scene.good_bands)
    assert np.all(np.diff(scene.wavelengths) > 0)
    assert scene.cube.dtype == (np.float32 if not SENSORS[sensor].scale else np.uint16)
    assert np.isfinite(scene.cube).all() and scene.cube.min() >= 0
    assert scene.cube.reshape(-1, scene.shape[2]).std(axis=0).min() > 0


def test_targets_have_the_sizes_that_were_asked_for() -> None:
    scene = simulate_scene(2, Simulation(height=160, width=160, targets=10, smallest=1, largest=150))
    labels, count = ndimage.label(scene.mask, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel())[1:]
    assert count == 10 and sizes.min() >= 1 and sizes.max() <= 150 and sizes.max() > 20


def test_targets_differ_from_what_they_replaced() -> None:
    """The same seed without targets gives the landscape below them: they change those pixels and no others much."""
    scene = simulate_scene(4, Simulation(contrast=0.8))
    faint = simulate_scene(4, Simulation(contrast=0.0))
    change = np.abs(scene.cube.astype(float) - faint.cube).mean(axis=2)
    assert scene.mask is not None
    marked = scene.mask == 1
    assert change[~marked].max() < 0.05 * scene.cube.mean()
    assert np.median(change[marked]) > 0.05 * scene.cube.mean()


def test_bands_of_a_scene_are_few_patterns() -> None:
    values = simulate_scene(0).cube.reshape(-1, 210).astype(float)
    values -= values.mean(axis=0)
    variances = np.linalg.eigvalsh(values.T @ values)[::-1]
    assert 3 <= np.searchsorted(np.cumsum(variances) / variances.sum(), 0.999) <= 60


@pytest.mark.parametrize("shape", [(5, 7, 12), (11, 300, 40), (64, 64, 224)])
def test_any_size_can_be_made(shape: tuple[int, int, int]) -> None:
    scene = simulate_scene(0, Simulation(height=shape[0], width=shape[1], bands=shape[2], sensor="vnir"))
    assert scene.shape == shape
