"""The real scenes beside the checkout: each goes in with the right cube and mask, chosen by evidence alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml_core.hsi.formats import inspect_scene, open_scene
from ml_core.hsi.formats.axis_order import guess_order

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data" / "hsi"
RAW = SHARED / "raw"

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="There are no real scenes: ../shared/data/hsi is missing.")

SCENES = {
    "abu-airport-1": ((100, 100, 205), 144), "abu-airport-3": ((100, 100, 205), 170),
    "abu-urban-1": ((100, 100, 204), 67), "abu-urban-4": ((100, 100, 205), 272),
    "abu-beach-1": ((150, 150, 188), 19), "abu-beach-2": ((100, 100, 193), 202),
    "sandiego-1": ((100, 100, 189), 58), "hydice-urban": ((80, 100, 162), 21), "pavia": ((100, 100, 102), 71),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENES)
def test_each_scene_opens_with_its_mask(name: str) -> None:
    scene = open_scene(SHARED / f"{name}.npz")
    assert (scene.shape, int(np.sum(scene.mask))) == SCENES[name]
    assert scene.name == name and scene.sensor and scene.good_bands.all()
    with np.load(SHARED / f"{name}.npz") as expected:
        assert np.array_equal(scene.cube, expected["cube"]) and np.array_equal(scene.mask, expected["gt"])


@pytest.mark.parametrize("name", SCENES)
def test_the_bands_are_found_on_any_axis_without_a_mask(name: str) -> None:
    cube = open_scene(SHARED / f"{name}.npz").cube
    for order in ("HWB", "BHW", "HBW"):
        turned = cube.transpose(["HWB".index(letter) for letter in order])
        reading = guess_order(turned.shape, turned, [], set())
        assert reading.order == order and reading.margin > 0.3


def test_matlab_5_with_copies_in_two_axes_is_the_same_scene() -> None:
    found = inspect_scene(RAW / "hydice_v5.mat")
    assert found.cube.found.stored.key == "data"
    assert found.mask is not None and found.mask.found.stored.key == "map"
    expected, scene = open_scene(SHARED / "hydice-urban.npz"), open_scene(RAW / "hydice_v5.mat")
    assert np.array_equal(scene.cube, expected.cube) and np.array_equal(scene.mask, expected.mask)


def test_matlab_73_comes_with_its_axes_turned_back() -> None:
    expected, scene = open_scene(SHARED / "hydice-urban.npz"), open_scene(RAW / "hydice_v73_hdf5.mat")
    assert scene.shape == expected.shape and int(np.sum(scene.mask)) == 17
    # Another cut of the same flight: one row further, scaled to 0..1.
    for band in (0, 60, 161):
        pair = scene.cube[:-1, :, band].ravel(), expected.cube[1:, :, band].ravel()
        assert float(np.corrcoef(*pair)[0, 1]) > 0.999
    assert expected.mask is not None and scene.mask is not None
    assert int(np.sum(expected.mask[1:] & scene.mask[:-1])) >= 15


def test_cube_and_mask_in_two_matlab_files() -> None:
    scene = open_scene(RAW / "hydice_cube_only.mat", mask_path=RAW / "hydice_mask_only.mat")
    assert scene.shape == (80, 100, 175) and int(np.sum(scene.mask)) == 21
    assert open_scene(RAW / "hydice_cube_only.mat").mask is None


def test_envi_written_from_a_scene_gives_it_back() -> None:
    expected = open_scene(SHARED / "hydice-urban.npz")
    scene = open_scene(RAW / "envi" / "hydice_urban_bil.hdr", mask_path=RAW / "envi" / "hydice_urban_gt.hdr")
    assert np.array_equal(scene.cube, expected.cube) and np.array_equal(scene.mask, expected.mask)
    assert scene.sensor == "HYDICE"


def test_envi_without_a_byte_order_is_read_as_little_endian() -> None:
    found = inspect_scene(RAW / "envi" / "corn_kernel.hdr").as_dict()
    assert any("little-endian was assumed" in sentence for sentence in found["evidence"])
    scene = open_scene(RAW / "envi" / "corn_kernel.hdr")
    assert scene.shape == (31, 43, 580) and scene.mask is None and scene.wavelengths is not None
    assert scene.wavelengths[0] == pytest.approx(366.551) and scene.wavelengths[-1] == pytest.approx(1048, abs=1)
    assert int(np.max(scene.cube)) < 20_000  # big-endian would scatter over all 65,536
