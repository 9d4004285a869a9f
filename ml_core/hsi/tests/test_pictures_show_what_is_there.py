"""Pictures: the right bands, stretched by percentiles, reduced without losing targets, quick on mapped cubes."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_core.errors import CodedError
from ml_core.hsi.colour_maps import COLOUR_MAPS, colour_table
from ml_core.hsi.formats.tests.samples import sample
from ml_core.hsi.preview import (
    band_image,
    default_bands,
    draw_mask,
    false_colour,
    map_image,
    outline,
    png_bytes,
    stretch,
)
from ml_core.hsi.scene import Scene


def test_bands_are_chosen_by_wavelength_where_it_is_known() -> None:
    wavelengths = np.linspace(400, 1000, 61)
    good = np.ones(61, bool)
    good[25] = False  # 650 nm
    scene = Scene("a", np.zeros((2, 2, 61)), None, wavelengths, good)
    assert [float(wavelengths[band]) for band in default_bands(scene)] == [640.0, 550.0, 450.0]
    assert default_bands(replace(scene, wavelengths=None)) == (36, 21, 9)
    infrared = replace(scene, wavelengths=np.linspace(1000, 2500, 61))
    assert default_bands(infrared) == default_bands(replace(scene, wavelengths=None))


def test_bad_bands_are_not_shown() -> None:
    good = np.zeros(61, bool)
    good[[3, 5, 7, 9]] = True
    assert set(default_bands(Scene("a", np.zeros((2, 2, 61)), None, None, good))) <= {3, 5, 7, 9}


def test_the_stretch_follows_percentiles_and_gamma() -> None:
    values = np.arange(1000, dtype=np.float32).reshape(20, 50)
    picture = stretch(values, low=10, high=90)
    assert (picture[0, 0], picture[-1, -1]) == (0, 255)
    assert np.count_nonzero(picture == 0) == pytest.approx(100, abs=3)
    assert picture[10, 0] == pytest.approx(128, abs=2)
    assert stretch(values, gamma=2)[10, 0] > picture[10, 0]
    holes = values.copy()
    holes[3, 3] = np.nan
    assert stretch(holes)[3, 3] == 0
    assert not stretch(np.full((4, 4), 7.0)).any() and not stretch(np.full((4, 4, 3), np.nan)).any()


def test_a_false_colour_picture_holds_the_three_bands() -> None:
    scene = sample()
    picture = false_colour(scene, (9, 5, 1))
    assert picture.shape == (*scene.shape[:2], 3) and picture.dtype == np.uint8
    for channel, band in enumerate((9, 5, 1)):
        assert np.array_equal(picture[..., channel], band_image(scene, band))
    with pytest.raises(CodedError) as caught:
        false_colour(scene, (0, 1, 999))
    assert caught.value.code == "hsi.band"


def test_a_large_cube_is_read_in_strides(tmp_path: Path) -> None:
    cube = np.lib.format.open_memmap(tmp_path / "c.npy", mode="w+", dtype=np.uint16, shape=(3000, 1000, 40))
    scene = Scene("a", cube, None, None, np.ones(40, bool))
    assert false_colour(scene, max_side=500).shape == (500, 167, 3)
    assert band_image(scene, 7, max_side=3000).shape == (3000, 1000)


def test_the_outline_lies_around_the_mask() -> None:
    mask = np.zeros((7, 9), np.uint8)
    mask[3, 4] = 1
    line = outline(mask)
    assert line.sum() == 8 and not line[3, 4]
    picture = draw_mask(np.zeros((7, 9, 3), np.uint8), mask)
    assert np.array_equal(picture.any(axis=2), line)
    small = draw_mask(np.zeros((35, 45, 3), np.uint8), np.kron(mask, np.ones((10, 10), np.uint8)))
    assert small.any()


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_colour_maps_run_from_dark_to_light(name: str) -> None:
    table = colour_table(name)
    assert table.shape == (256, 3) and table.dtype == np.uint8
    light = table @ np.array([0.3, 0.59, 0.11])
    if name != "turbo":
        assert np.all(np.diff(light) > -1.5) and light[-1] - light[0] > 120


def test_an_unknown_colour_map_names_the_known_ones() -> None:
    with pytest.raises(CodedError, match="jet") as caught:
        colour_table("jet")
    assert "viridis" in caught.value.hint


def test_a_single_pixel_survives_the_reduction_of_a_map() -> None:
    values = np.zeros((1001, 777), np.float32)
    values[500, 333] = 9.0
    picture = map_image(values, colours="grey", low=0.0, high=9.0, max_side=100)
    assert picture.shape == (91, 71, 3)
    assert np.count_nonzero(picture[..., 0] == 255) == 1


def test_a_threshold_leaves_colour_to_what_lies_above() -> None:
    values = np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10)
    picture = map_image(values, threshold=0.8)
    is_grey = (picture[..., 0] == picture[..., 1]) & (picture[..., 1] == picture[..., 2])
    assert np.array_equal(is_grey, values < 0.8)
    assert map_image(np.full((3, 3), np.nan, np.float32)).shape == (3, 3, 3)


def test_a_png_gives_the_picture_back() -> None:
    picture = false_colour(sample())
    with Image.open(io.BytesIO(png_bytes(picture))) as image:
        assert image.format == "PNG" and np.array_equal(np.asarray(image), picture)
