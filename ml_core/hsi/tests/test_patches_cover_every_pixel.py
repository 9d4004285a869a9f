from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml_core.hsi.patches import HSIPatchExtractor, PatchAverage, PatchError, normalize_cube

RANDOM = np.random.default_rng(3)


@pytest.mark.parametrize(("height", "width"), [(23, 31), (11, 11), (12, 40)])
@pytest.mark.parametrize("stride", [None, 1, 4, 11])
def test_every_pixel_lies_in_a_patch_and_patches_hold_their_place(height: int, width: int, stride: int | None) -> None:
    cube = RANDOM.integers(0, 9000, (height, width, 6)).astype(np.uint16)
    patches, coords = HSIPatchExtractor(11, stride).extract_patches(cube)
    assert patches.shape == (len(coords), 6, 11, 11)
    assert patches.dtype == cube.dtype
    covered = np.zeros((height, width), dtype=bool)
    for patch, (row, column) in zip(patches, coords, strict=True):
        assert np.array_equal(patch, cube[row : row + 11, column : column + 11].transpose(2, 0, 1))
        covered[row : row + 11, column : column + 11] = True
    assert covered.all()
    assert len(np.unique(coords, axis=0)) == len(coords)


def test_the_stride_is_half_a_patch_when_not_given() -> None:
    assert HSIPatchExtractor(11).stride == 5
    assert HSIPatchExtractor(1).stride == 1


def test_a_scene_smaller_than_a_patch_is_mirrored_and_mapped_at_its_own_size() -> None:
    cube = RANDOM.normal(size=(4, 1, 3))
    extractor = HSIPatchExtractor(7)
    patches, coords = extractor.extract_patches(cube)
    assert patches.shape == (1, 3, 7, 7)
    assert np.array_equal(patches[0, :, 4, 0], cube[2, 0])  # the row before the last comes again after it
    average = PatchAverage(4, 1, 7)
    average.add(np.array([2.5]), coords)
    assert np.array_equal(average.result(), np.full((4, 1), 2.5, dtype=np.float32))


def test_patches_come_in_batches_from_a_mapped_cube(tmp_path: Path) -> None:
    np.save(tmp_path / "cube.npy", RANDOM.normal(size=(20, 17, 5)))
    cube = np.load(tmp_path / "cube.npy", mmap_mode="r")
    extractor = HSIPatchExtractor(5, 3)
    whole, coords = extractor.extract_patches(cube)
    batches = list(extractor.iterate(cube, 4))
    assert max(len(patches) for patches, _ in batches) == 4
    assert np.array_equal(np.concatenate([patches for patches, _ in batches]), whole)
    assert np.array_equal(np.concatenate([places for _, places in batches]), coords)


@pytest.mark.parametrize("per_pixel", [False, True])
def test_overlapping_scores_are_averaged_exactly(per_pixel: bool) -> None:
    extractor = HSIPatchExtractor(5, 2)
    coords = extractor.coordinates(14, 12)
    scores = RANDOM.normal(size=(len(coords), 5, 5) if per_pixel else len(coords))
    average = PatchAverage(14, 12, 5)
    for start in range(0, len(coords), 7):
        average.add(scores[start : start + 7], coords[start : start + 7])
    for row, column in [(0, 0), (13, 11), (6, 5), (4, 11)]:
        own = [
            scores[number, row - top, column - left] if per_pixel else scores[number]
            for number, (top, left) in enumerate(coords)
            if top <= row < top + 5 and left <= column < left + 5
        ]
        assert average.result()[row, column] == pytest.approx(np.mean(own), rel=1e-6)


def test_a_map_with_a_pixel_that_no_patch_covers_is_refused() -> None:
    average = PatchAverage(6, 6, 3)
    average.add(np.ones(1), np.array([[0, 0]]))
    with pytest.raises(PatchError, match="27 pixels"):
        average.result()


@pytest.mark.parametrize(("size", "stride"), [(0, 1), (5, 0), (5, 6)])
def test_patches_that_leave_gaps_are_refused(size: int, stride: int) -> None:
    with pytest.raises(PatchError):
        HSIPatchExtractor(size, stride)


def test_a_cube_of_two_dimensions_is_refused() -> None:
    with pytest.raises(PatchError, match="rows, columns and bands"):
        HSIPatchExtractor(3).extract_patches(np.zeros((5, 5)))


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.float64])
def test_bands_come_to_one_scale(dtype: type) -> None:
    cube = RANDOM.integers(-50 if dtype != np.uint16 else 0, 6000, (9, 8, 4)).astype(dtype)
    unit = normalize_cube(cube, "minmax")
    assert unit.dtype == np.float32
    assert np.allclose(unit.min((0, 1)), 0)
    assert np.allclose(unit.max((0, 1)), 1)
    standard = normalize_cube(cube, "zscore")
    assert np.allclose(standard.mean((0, 1)), 0, atol=1e-6)
    assert np.allclose(standard.std((0, 1)), 1, atol=1e-5)


@pytest.mark.parametrize("method", ["minmax", "zscore"])
def test_bands_that_cannot_be_scaled_become_finite(method: str) -> None:
    cube = RANDOM.normal(size=(6, 6, 3))
    cube[..., 0] = 7.0
    cube[..., 1] = np.nan
    cube[2, 2, 2] = np.inf
    result = normalize_cube(cube, method)  # type: ignore[arg-type]
    assert np.isfinite(result).all()
    assert not result[..., :2].any()
    others = np.delete(result[..., 2].ravel(), 2 * 6 + 2)
    assert result[2, 2, 2] == pytest.approx(others.mean(), abs=1e-6)


def test_an_unknown_normalisation_is_refused() -> None:
    with pytest.raises(PatchError, match="no normalisation"):
        normalize_cube(np.zeros((2, 2, 2)), "log")  # type: ignore[arg-type]
