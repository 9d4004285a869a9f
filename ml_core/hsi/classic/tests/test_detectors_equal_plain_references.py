"""Each fast detector against the same thing written down plainly."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import ensemble

from ml_core.hsi.classic import CLASSIC
from ml_core.hsi.classic.crd import CRD
from ml_core.hsi.classic.local_rx import LocalRX
from ml_core.hsi.classic.morphological import guided_filter
from ml_core.hsi.classic.parameters import CRDParameters, LocalRXParameters, MorphologicalParameters
from ml_core.hsi.classic.tests import references
from ml_core.hsi.classic.windows import axes_of, box_sums
from ml_core.hsi.metrics import auc


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.float32, ">f4", np.float64])
def test_global_rx(dtype):
    cube, _ = references.spectra(dtype=dtype)
    np.testing.assert_allclose(CLASSIC["global_rx"].detect(cube), references.global_rx(cube), rtol=1e-5)


@pytest.mark.parametrize(("inner", "outer"), [(3, 9), (1, 7), (5, 17)])
def test_local_rx_to_the_border(inner, outer):
    cube, _ = references.spectra()
    parameters = LocalRXParameters(inner=inner, outer=outer, components=5)
    expected = references.local_rx(cube, inner, outer, 5)
    np.testing.assert_allclose(CLASSIC["local_rx"].detect(cube, parameters=parameters), expected, rtol=1e-4)


@pytest.mark.parametrize(("bands", "ridge"), [(12, 1e-6), (60, 1e-6), (12, 1e-2)])
def test_collaborative_representation_to_the_border(bands, ridge):
    cube, _ = references.spectra(bands=bands)
    parameters = CRDParameters(inner=3, outer=7, ridge=ridge)
    expected = references.collaborative(cube, 3, 7, ridge)
    np.testing.assert_allclose(CRD(parameters).detect(cube), expected, rtol=1e-3, atol=1e-6 * expected.max())


def test_isolation_forest():
    cube, _ = references.spectra()
    flat = cube.reshape(-1, cube.shape[2])
    variances, axes = np.linalg.eigh(np.cov(flat.T))
    axes = axes[:, ::-1][:, :10]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), range(10)])
    white = ((flat - flat.mean(axis=0)) @ axes / np.sqrt(variances[::-1][:10])).astype(np.float32)
    forest = ensemble.IsolationForest(n_estimators=200, random_state=3).fit(white)
    found = CLASSIC["iforest"].detect(cube, seed=3)
    np.testing.assert_allclose(found.ravel(), -forest.score_samples(white), atol=0.01)
    np.testing.assert_array_equal(found, CLASSIC["iforest"].detect(cube, seed=3))


def test_morphological_filters():
    rng = np.random.default_rng(0)
    image = np.round(references.ndimage.gaussian_filter(rng.normal(size=(24, 22)), 1) * 20)
    image = (image - image.min()) / (image.max() - image.min())
    opened, closed = references.area_opening(image, 9), 1 - references.area_opening(1 - image, 9)
    expected = references.guided_filter(image, closed - opened, 2, 0.02)
    parameters = MorphologicalParameters(area=9, radius=2, smoothing=0.02)
    for sign in (1, -1):  # of the component, which is arbitrary
        found = CLASSIC["morphological"].detect(sign * image[..., None], parameters=parameters)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_guided_filter_keeps_an_edge_and_smooths_beside_it():
    rng = np.random.default_rng(1)
    edge = np.repeat([0.0, 1.0], 10)[None].repeat(20, axis=0)
    noisy = (edge + 0.02 * rng.normal(size=edge.shape)).astype(np.float32)
    smooth = guided_filter(noisy, noisy, 2, 0.01)
    assert smooth[:, 10:].mean() - smooth[:, :10].mean() > 0.95
    assert smooth[:, 2:7].std() < 0.5 * noisy[:, 2:7].std()


@pytest.mark.parametrize("tile", [1, 7, 19, 1000])
def test_tiles_of_local_rx_change_no_bit(tile):
    cube, _ = references.spectra(shape=(30, 34))
    parameters = LocalRXParameters(inner=3, outer=9, components=5)
    whole = LocalRX(parameters).detect(cube)
    np.testing.assert_array_equal(LocalRX(parameters, tile).detect(cube), whole)


@pytest.mark.parametrize("side", [1, 2, 3, 7, 8, 17])
def test_box_sums_are_sums_of_neighbours(side):
    values = np.random.default_rng(0).normal(size=(3, 20, 18))
    for axis in (1, 2):
        view = np.lib.stride_tricks.sliding_window_view(values, side, axis=axis)
        np.testing.assert_allclose(box_sums(values, side, axis), view.sum(axis=-1), rtol=1e-12, atol=1e-12)


def test_every_pixel_has_the_same_number_of_background_pixels_and_none_is_itself():
    rows, columns = axes_of(20, 23, 7, 15, 1)
    for row, column in np.ndindex(20, 23):
        found = references.ring(row, column, (20, 23), 7, 15)
        assert found.sum() == 15 * 15 - 7 * 7
        assert not found[row, column]
        assert np.flatnonzero(found.any(axis=1))[0] == rows.outer_starts(row, row + 1)[0]
        assert np.flatnonzero(found.any(axis=0))[0] == columns.outer_starts(column, column + 1)[0]


@pytest.mark.parametrize("key", ["global_rx", "local_rx", "crd", "iforest"])
def test_strange_spectra_stand_out(key):
    cube, mask = references.spectra(shape=(40, 44), bands=30)
    assert auc(CLASSIC[key].detect(cube), mask) > 0.97
