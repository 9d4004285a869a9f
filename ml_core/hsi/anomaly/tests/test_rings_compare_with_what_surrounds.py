"""Ring distances: equal to a plain loop, the same in parts as in the whole, and defined to the border."""

from __future__ import annotations

import numpy as np
import pytest

from ml_core.hsi.anomaly.ring import Ring, ring_distances


def by_loop(coordinates: np.ndarray, ring: Ring, neighbours: int) -> np.ndarray:
    height, width, _ = coordinates.shape
    found = np.zeros((height, width), np.float32)
    for row in range(height):
        for column in range(width):
            near = []
            for r in range(height):
                for c in range(width):
                    far = max(abs(r - row), abs(c - column))
                    on_grid = (r - row) % ring.step == 0 and (c - column) % ring.step == 0
                    if ring.guard // 2 < far <= ring.window // 2 and on_grid:
                        near.append(np.linalg.norm(coordinates[r, c] - coordinates[row, column]))
            found[row, column] = np.mean(sorted(near)[:neighbours]) if near else 0.0
    return found


@pytest.mark.parametrize("ring", [Ring(1, 5), Ring(3, 7), Ring(3, 9, 2)])
def test_distances_are_those_of_a_plain_loop(ring: Ring) -> None:
    coordinates = np.random.default_rng(0).normal(size=(11, 9, 3)).astype(np.float32)
    np.testing.assert_allclose(ring_distances(coordinates, [ring], 4)[0], by_loop(coordinates, ring, 4), rtol=1e-5)


def test_rows_have_what_the_whole_has() -> None:
    coordinates = np.random.default_rng(1).normal(size=(90, 14, 3)).astype(np.float32)
    rings = [Ring(3, 7), Ring(9, 15)]
    whole = ring_distances(coordinates, rings)
    for rows in (slice(0, 7), slice(7, 50), slice(50, 90)):
        np.testing.assert_allclose(ring_distances(coordinates, rings, rows=rows), whole[:, rows], rtol=1e-6)


def test_a_target_as_large_as_the_guard_does_not_hide_itself() -> None:
    coordinates = np.zeros((41, 41, 2), np.float32)
    coordinates[16:25, 16:25] = 5.0
    inner, outer = ring_distances(coordinates, [Ring(3, 9), Ring(17, 23)])[:, 20, 20]
    assert inner == 0.0
    assert outer == pytest.approx(5.0 * np.sqrt(2))


def test_a_scene_smaller_than_the_hole_has_no_distance() -> None:
    assert ring_distances(np.ones((2, 3, 1), np.float32), [Ring(9, 15)]).tolist() == [[[0.0] * 3] * 2]
