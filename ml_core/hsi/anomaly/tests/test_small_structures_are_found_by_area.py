"""The area filter: what it removes has fewer pixels than the area, whatever its sign, shape or neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ml_core.hsi.anomaly.area_filter import small_structures


def opened_by_levels(values: np.ndarray, area: int) -> np.ndarray:
    """Area opening by its definition: every level set loses its small components."""
    found = np.full_like(values, values.min())
    for level in np.unique(values):
        labels, count = ndimage.label(values >= level)
        sizes = ndimage.sum_labels(np.ones_like(values), labels, np.arange(1, count + 1))
        kept = np.isin(labels, 1 + np.flatnonzero(sizes >= min(area, values.size)))
        found[kept] = np.maximum(found[kept], level)
    return found


@pytest.mark.parametrize("area", [2, 5, 17, 400])
def test_residues_are_those_of_area_openings_by_definition(area: int) -> None:
    values = np.random.default_rng(0).normal(size=(15, 13)).astype(np.float32)
    bright = values - opened_by_levels(values, area)
    dark = -values - opened_by_levels(-values, area)
    found = small_structures(values[..., None], (area,), keep=(area,))
    np.testing.assert_allclose(found.residues[0], bright + dark, atol=1e-6)
    np.testing.assert_allclose(found.changes[0, ..., 0], bright - dark, atol=1e-6)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_square_is_removed_by_areas_above_its_own(sign: float) -> None:
    scene = np.zeros((40, 40, 2), np.float32)
    scene[10:16, 20:25, 1] = sign * 3.0
    residues = small_structures(scene, (30, 31)).residues
    assert residues[0].max() == 0.0
    np.testing.assert_array_equal(residues[1] > 0, scene[..., 1] != 0)


def test_signs_of_components_do_not_matter() -> None:
    scene = np.random.default_rng(1).normal(size=(20, 20, 3)).astype(np.float32)
    flipped = scene * np.array([1, -1, -1], np.float32)
    both = [small_structures(values, (4, 25)).residues for values in (scene, flipped)]
    np.testing.assert_allclose(both[0], both[1], rtol=1e-6)


def test_workers_change_nothing() -> None:
    scene = np.random.default_rng(2).normal(size=(30, 20, 5)).astype(np.float32)
    alone, together = (small_structures(scene, (4, 25), keep=(25,), workers=workers) for workers in (1, 3))
    np.testing.assert_array_equal(alone.residues, together.residues)
    np.testing.assert_array_equal(alone.changes, together.changes)


def test_a_single_pixel_is_a_scene() -> None:
    assert small_structures(np.ones((1, 1, 2), np.float32), (3,)).residues.tolist() == [[[0.0]]]
