"""A scene in one pass has the very tokens that its patches have, one by one."""

from __future__ import annotations

import numpy as np
import torch

from ml_core.hsi.canonical import CanonicalScene, CanonicalSettings, canonicalise
from ml_core.hsi.tokenizer import SSPQTokenizer, token_map, tokenize_scene
from ml_core.hsi.tokenizer.tests.test_tokenizer_keeps_the_specification import a_tokenizer


def a_scene(height: int = 19, width: int = 23, seed: int = 0) -> CanonicalScene:
    generator = np.random.default_rng(seed)
    cube = np.cumsum(generator.normal(size=(height, width, 30)), axis=2)
    return canonicalise(cube, settings=CanonicalSettings(num_bands=20, components=8))


def patch_tokens(tokenizer: SSPQTokenizer, scene: CanonicalScene, row: int, column: int, side: int) -> torch.Tensor:
    halo = tokenizer.spatial_vqvae.halo
    padded = np.pad(scene.spectra(), ((halo, halo), (halo, halo), (0, 0)), mode="edge")
    patch = padded[row : row + side + 2 * halo, column : column + side + 2 * halo]
    with torch.inference_mode():
        out = tokenizer(torch.from_numpy(patch).permute(2, 0, 1)[None], padded=True)
    return out["joint_ids"].view(side, side)


def test_every_patch_has_the_tokens_of_the_dense_map() -> None:
    tokenizer, scene = a_tokenizer().eval(), a_scene()
    dense = tokenize_scene(tokenizer, scene).joint(tokenizer.K_s)
    for row in range(0, 19 - 5 + 1, 3):
        for column in range(0, 23 - 5 + 1, 4):
            found = patch_tokens(tokenizer, scene, row, column, 5).numpy()
            assert (found == dense[row : row + 5, column : column + 5]).all()


def test_blocks_of_rows_change_no_token(monkeypatch) -> None:
    tokenizer, scene = a_tokenizer().eval(), a_scene()
    whole = tokenize_scene(tokenizer, scene)
    monkeypatch.setattr(token_map, "_BLOCK_PIXELS", 1)
    rows = tokenize_scene(tokenizer, scene)
    assert (whole.spectral == rows.spectral).all() and (whole.spatial == rows.spatial).all()


def test_a_scene_smaller_than_a_neighbourhood_has_tokens() -> None:
    tokens = tokenize_scene(a_tokenizer().eval(), a_scene(2, 3))
    assert tokens.spectral.shape == tokens.spatial.shape == (2, 3)
