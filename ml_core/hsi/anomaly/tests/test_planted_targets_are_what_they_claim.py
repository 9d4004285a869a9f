"""Planting: labels lie where the scene was changed, sizes keep to the limit, and draws repeat."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ml_core.hsi.anomaly.planted import BACKGROUND, TARGET, PlantSettings, plant
from ml_core.hsi.anomaly.planted_shapes import line_coverage, target_coverage

QUIET = PlantSettings(distractors=0)
NOTHING = np.zeros((0, 6), np.float32)


def a_ground(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(60, 50, 6)).astype(np.float32)


def test_only_what_is_labelled_or_undecided_has_changed() -> None:
    ground = a_ground()
    for seed in range(10):
        planted, labels = plant(ground, NOTHING, np.random.default_rng(seed), QUIET)
        changed = (planted != ground).any(axis=2)
        assert changed[labels == TARGET].mean() > 0.99
        # Below a twentieth of a pixel a soft edge is background.
        step = np.linalg.norm(planted - ground, axis=2)
        assert step[labels == BACKGROUND].max() < step.max() / 5
        assert 0 < (labels == TARGET).mean() < 0.12


def test_the_scene_itself_stays_as_it_was() -> None:
    ground = a_ground()
    before = ground.copy()
    plant(ground, NOTHING, np.random.default_rng(0))
    np.testing.assert_array_equal(ground, before)


def test_draws_repeat() -> None:
    one, two = (plant(a_ground(), a_ground(1).reshape(-1, 6), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


def test_targets_have_all_sizes_up_to_the_largest() -> None:
    sizes = []
    for seed in range(40):
        _, labels = plant(a_ground(), NOTHING, np.random.default_rng(seed), PlantSettings(largest=40.0, distractors=0))
        parts, count = ndimage.label(labels == TARGET, np.ones((3, 3)))
        sizes += ndimage.sum_labels(labels == TARGET, parts, range(1, count + 1)).tolist()
    assert min(sizes) == 1
    assert 20 < np.quantile(sizes, 0.99) < 90  # outlines vary, and two targets may touch


def test_shapes_cover_the_area_they_are_asked_for() -> None:
    generator = np.random.default_rng(0)
    for area in (4.0, 30.0, 150.0):
        covered = np.mean([float(target_coverage(area, generator).sum()) for _ in range(200)])
        assert 0.75 * area < covered < 1.3 * area
    assert all(target_coverage(0.33, generator).max() > 0 for _ in range(100))
    assert 150 < line_coverage(100.0, 2.0, generator).sum() < 250


def test_a_scene_of_one_pixel_can_be_planted() -> None:
    planted, labels = plant(np.ones((1, 1, 3), np.float32), np.zeros((0, 3), np.float32), np.random.default_rng(0))
    assert planted.shape == (1, 1, 3) and labels.shape == (1, 1)
