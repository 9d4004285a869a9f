"""The nearest background spectra of a pixel, exactly in small scenes and well enough in large ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ml_core.hsi.metrics import MetricError
from ml_core.hsi.metrics.neighbours import nearest_background
from ml_core.hsi.scene import Scene


def scene(shape=(30, 40), bands=8, seed=0):
    """Smooth abundances of three materials with noise."""
    rng = np.random.default_rng(seed)
    shares = np.stack([ndimage.gaussian_filter(rng.normal(size=shape), 3) for _ in range(3)], axis=2)
    shares = np.exp(20 * shares)
    shares /= shares.sum(axis=2, keepdims=True)
    return shares @ rng.uniform(1, 9, size=(3, bands)) + 0.02 * rng.normal(size=(*shape, bands))


def by_hand(cube, row, column, guard, count, measure):
    pixel = cube[row, column]
    found = []
    for place in np.ndindex(*cube.shape[:2]):
        if max(abs(place[0] - row), abs(place[1] - column)) > guard:
            other = cube[place]
            angle = np.degrees(np.arccos(pixel @ other / np.sqrt((pixel @ pixel) * (other @ other))))
            found.append((angle if measure == "angle" else np.linalg.norm(pixel - other), place))
    return sorted(found)[:count]


@pytest.mark.parametrize("measure", ["angle", "euclid"])
@pytest.mark.parametrize(("row", "column"), [(15, 20), (0, 39)])
def test_in_a_small_scene_they_are_the_nearest_of_all(measure, row, column):
    cube = scene()
    found = nearest_background(cube, row, column, measure=measure, count=7, guard=3)
    expected = by_hand(cube, row, column, 3, 7, measure)
    assert [(n.row, n.column) for n in found] == [place for _, place in expected]
    np.testing.assert_allclose([n.distance for n in found], [distance for distance, _ in expected], rtol=1e-6)
    np.testing.assert_allclose(found[0].values, cube[found[0].row, found[0].column])


def test_in_a_large_scene_a_grid_comes_close_to_the_best(tmp_path):
    cube = scene((300, 320))
    np.save(tmp_path / "cube.npy", cube)
    mapped = np.load(tmp_path / "cube.npy", mmap_mode="r")
    exact = nearest_background(mapped, 150, 10, most=10**6)
    quick = nearest_background(mapped, 150, 10, most=4000)
    spread = nearest_background(mapped, 150, 10, most=10**6, count=96_000)[5000].distance
    assert exact[0].distance <= quick[0].distance < 0.15 * spread


def test_anomalies_and_missing_pixels_are_no_background():
    cube = scene()
    scores = np.zeros(cube.shape[:2])
    strange = np.arange(8.0) * 100
    cube[2, 3] = cube[20, 30] = strange
    scores[2, 3] = scores[20, 30] = 9
    cube[5, 5:9, 2] = np.nan
    assert (nearest_background(cube, 2, 3)[0].row, nearest_background(cube, 2, 3)[0].column) == (20, 30)
    found = nearest_background(cube, 2, 3, scores=scores, count=2000)
    places = {(n.row, n.column) for n in found}
    assert (20, 30) not in places
    assert not places & {(5, column) for column in range(5, 9)}


def test_invalid_pixels_are_no_background():
    cube = scene()
    best = nearest_background(cube, 4, 4)[0]
    invalid = np.zeros(cube.shape[:2], dtype=bool)
    invalid[best.row, best.column] = True
    named = Scene("scene", cube, None, None, np.ones(8, dtype=bool), invalid=invalid)
    assert (best.row, best.column) not in {(n.row, n.column) for n in nearest_background(named, 4, 4, count=2000)}


def test_excluded_bands_are_not_compared_but_shown():
    cube = scene()
    cube[..., 3] = np.random.default_rng(1).normal(size=cube.shape[:2]) * 1e6
    good = np.arange(8) != 3
    named = Scene("scene", cube, None, None, good)
    expected = nearest_background(np.delete(cube, 3, axis=2), 4, 4)
    found = nearest_background(named, 4, 4)
    assert [(n.row, n.column) for n in found] == [(n.row, n.column) for n in expected]
    assert len(found[0].values) == 8


def test_a_guard_over_the_whole_scene_leaves_none():
    assert nearest_background(scene(), 5, 5, guard=100) == []


def test_a_pixel_outside_or_without_values_is_refused_with_a_cure():
    cube = scene()
    cube[3, 3] = np.nan
    for row, column, code in ((30, 0, "hsi.pixel_outside"), (0, -1, "hsi.pixel_outside"), (3, 3, "hsi.pixel_missing")):
        with pytest.raises(MetricError) as refusal:
            nearest_background(cube, row, column)
        assert refusal.value.code == code
        assert refusal.value.hint
