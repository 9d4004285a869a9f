"""Dense maps: every pixel has a score, a part of a scene has those of the whole, and strange pixels stand out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ml_core.hsi.encoder import HSIEncoderBERT
from ml_core.hsi.encoder.batch import Windows
from ml_core.hsi.encoder.scoring import ScoringSettings, combine_strides, score_rows
from ml_core.hsi.encoder.tests.test_encoder_keeps_the_specification import an_encoder
from ml_core.hsi.encoder.windows import WindowLayout, cut_windows, whitening
from ml_core.hsi.tokenizer import TokenMap

SMALL = WindowLayout(side=9, block=3, strides=(1, 2))


def some_tokens(height: int = 26, width: int = 31, seed: int = 0) -> TokenMap:
    generator = np.random.default_rng(seed)
    smooth = np.cumsum(np.cumsum(generator.normal(size=(height, width, 5)), axis=0), axis=1) / 20
    coordinates = (smooth + 0.1 * generator.normal(size=smooth.shape)).astype(np.float32)
    coordinates -= coordinates.mean((0, 1))
    return TokenMap(
        generator.integers(16, size=(height, width)).astype(np.int16),
        generator.integers(12, size=(height, width)).astype(np.int16),
        coordinates,
        coordinates.var((0, 1)).astype(np.float64),
    )


def encoder() -> HSIEncoderBERT:
    return an_encoder().eval()


def test_every_pixel_to_the_border_has_scores_at_every_stride() -> None:
    maps = score_rows(encoder(), some_tokens(), layout=SMALL)
    assert set(maps) == {"lm_nll_1", "lm_nll_2", "token_nll_1", "token_nll_2"}
    for found in maps.values():
        assert found.shape == (26, 31) and found.dtype == np.float32 and np.isfinite(found).all()


@pytest.mark.parametrize("rows", [slice(0, 7), slice(7, 19), slice(19, 26), slice(11, 12)])
def test_a_part_has_the_numbers_of_the_whole_to_the_last_bit(rows: slice) -> None:
    whole = score_rows(encoder(), some_tokens(), layout=SMALL)
    part = score_rows(encoder(), some_tokens(), layout=SMALL, rows=rows)
    assert all(np.array_equal(whole[name][rows], part[name]) for name in whole)


def test_a_planted_pixel_is_the_most_surprising_one() -> None:
    tokens = some_tokens()
    tokens.coordinates[13, 17] += 4 * np.sqrt(tokens.variances)
    maps = score_rows(encoder(), tokens, layout=SMALL, settings=ScoringSettings(step=2))
    assert np.unravel_index(combine_strides(maps).argmax(), (26, 31)) == (13, 17)


def test_a_hidden_block_does_not_reach_its_own_prediction() -> None:
    tokens, layout, blocks = some_tokens(), WindowLayout(side=9, block=3, halo=2), np.array([[10, 12]])
    changed = some_tokens()
    changed.coordinates[10:13, 12:15] += 50.0
    changed.spectral[10:13, 12:15] = 0
    changed.spatial[8:15, 10:17] = 0  # a spatial token sees two pixels around itself
    factors = whitening(tokens, 4)
    model = encoder()
    found = []
    for one in (tokens, changed):
        arrays = cut_windows(one, factors, blocks, 1, (0, 0), layout, 12)
        windows = Windows(
            *(torch.from_numpy(getattr(arrays, name)) for name in Windows._fields[:6]),
            torch.tensor([-1]),
            torch.ones(1),
        )
        found.append(model.predict(windows))
    assert torch.equal(found[0].density.mean, found[1].density.mean)
    assert torch.equal(found[0].density.weights, found[1].density.weights)
    assert torch.equal(found[0].log_spatial, found[1].log_spatial)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_no_visible_spatial_token_reaches_the_pixels_of_a_block(stride: int) -> None:
    tokens = some_tokens(60, 60)
    tokens.spatial[:] = 3
    layout, block = WindowLayout(side=9, block=3, halo=2), np.array([[4, 5]])
    arrays = cut_windows(tokens, whitening(tokens, 4), block, stride, (0, 0), layout, 12)
    first, last = block[0] * stride, (block[0] + 3) * stride - 1
    corner = np.clip(block[0] - 3, 0, None)
    for place in np.flatnonzero(arrays.spatial[0] == 3):
        pixel = (corner + np.array([place // 9, place % 9])) * stride
        assert ((pixel + 2 < first) | (pixel - 2 > last)).any()


def test_repetitions_of_a_block_are_hidden_in_small_scenes() -> None:
    tokens = some_tokens(6, 40)
    tokens.spectral[:] = np.arange(6 * 40).reshape(6, 40)
    arrays = cut_windows(tokens, whitening(tokens, 4), np.array([[3, 10]]), 1, (0, 0), SMALL, 12)
    block = arrays.spectral[0][arrays.places[0]]
    assert not np.isin(arrays.spectral[0][~arrays.hidden[0]], block).any()
    assert arrays.hidden[0][arrays.places[0]].all()


def test_hidden_places_are_predicted_as_the_whole_network_would() -> None:
    """The last layer is computed at hidden places alone; BERT's own layers must agree."""
    model, tokens = encoder(), some_tokens()
    arrays = cut_windows(tokens, whitening(tokens, 4), np.array([[4, 4], [10, 20]]), 1, (0, 0), SMALL, 12)
    places, states = torch.from_numpy(arrays.places), torch.randn(2, 81, 16)
    layer, bias = model.encoder.bert.encoder.layer[-1], model.relative_bias(9)
    whole = layer(states, bias)
    at_places = model._last_layer(layer, states, places, bias)
    assert torch.allclose(at_places, whole.gather(1, places.unsqueeze(-1).expand(-1, -1, 16)), atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 3), (5, 40), (9, 9)])
def test_scenes_smaller_than_a_window_have_maps_too(shape: tuple[int, int]) -> None:
    maps = score_rows(encoder(), some_tokens(*shape), layout=SMALL)
    assert combine_strides(maps).shape == shape and np.isfinite(maps["lm_nll_1"]).all()


def test_windows_lie_inside_the_scene_and_hold_their_block() -> None:
    tokens = some_tokens()
    tokens.spectral[:] = np.arange(26 * 31).reshape(26, 31)
    blocks = np.array([[0, 0], [10, 10], [10, 13]])
    arrays = cut_windows(tokens, whitening(tokens, 4), blocks, 2, (1, 0), WindowLayout(side=9, block=3, halo=0), 12)
    assert set(np.diff(np.sort(arrays.spectral[0])[:9])) == {2}
    block = np.take_along_axis(arrays.spectral, arrays.places, axis=1)
    row, column = blocks[:, 0] * 2 + 1, blocks[:, 1] * 2
    assert (block[:, 0] == row * 31 + column).all()
    assert (arrays.hidden_spatial == tokens.spatial.reshape(-1)[block]).all()
