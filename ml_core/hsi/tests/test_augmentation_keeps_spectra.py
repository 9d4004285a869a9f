from __future__ import annotations

import numpy as np

from ml_core.hsi.augment import add_gaussian_noise, augment_patches, flip_patches, rotate_patches

PATCHES = np.random.default_rng(0).normal(size=(40, 3, 5, 5)).astype(np.float32)


def _spectra(patch: np.ndarray) -> list[tuple[float, ...]]:
    return sorted(map(tuple, patch.reshape(3, -1).T.tolist()))


def test_turning_and_mirroring_move_pixels_and_change_none() -> None:
    random = np.random.default_rng(1)
    for change in (rotate_patches, flip_patches):
        changed = change(PATCHES, random)
        assert [_spectra(p) for p in changed] == [_spectra(p) for p in PATCHES]
        assert any(not np.array_equal(a, b) for a, b in zip(changed, PATCHES, strict=True))


def test_noise_has_the_asked_strength() -> None:
    noise = add_gaussian_noise(PATCHES, np.random.default_rng(2), 0.2) - PATCHES
    assert abs(noise.std() - 0.2) < 0.01
    assert abs(noise.mean()) < 0.02


def test_the_generator_alone_decides() -> None:
    first, second = (augment_patches(PATCHES, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, augment_patches(PATCHES, np.random.default_rng(6)))
