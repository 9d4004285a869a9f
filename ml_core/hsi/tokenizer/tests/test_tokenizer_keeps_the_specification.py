"""Shapes, keys and ids of Stage 1 as the specification writes them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ml_core.hsi.tokenizer import SpatialCNNVQVAE, SpectralTCNVQVAE, SSPQTokenizer
from ml_core.weights.errors import WeightFileError, WeightMismatchError

SPECTRAL = {
    "num_bands": 20, "hidden_dim": 8, "codebook_size": 16, "num_layers": 2, "kernel_size": 3, "commitment_beta": 0.25,
}  # fmt: skip
SPATIAL = {
    "num_bands": 20, "hidden_dim": 6, "codebook_size": 12, "encoder_channels": [8, 8], "commitment_beta": 0.25,
}  # fmt: skip


def a_tokenizer(tokens: bool = True, seed: int = 0) -> SSPQTokenizer:
    torch.manual_seed(seed)
    extra = {"tokens": "pixel"} if tokens else {}
    return SSPQTokenizer({**SPECTRAL, **extra}, {**SPATIAL, **extra})


def patches(batch: int = 3, side: int = 11) -> torch.Tensor:
    return torch.randn(batch, 20, side, side, generator=torch.Generator().manual_seed(1))


def test_spectral_branch_gives_one_token_of_the_mean_spectrum() -> None:
    torch.manual_seed(0)
    model = SpectralTCNVQVAE(**SPECTRAL).eval()
    out = model(patches())
    assert out["recon"].shape == (3, 20)
    assert out["quantized"].shape == (3, 1, 16)
    assert out["indices"].shape == (3, 1) and out["indices"].min() >= 0 and out["indices"].max() < 16
    assert set(out["loss_dict"]) == {"recon_loss", "vq_loss", "commitment_loss"}
    shuffled = patches().flatten(2)[:, :, torch.randperm(121)].view(3, 20, 11, 11)
    assert (model(shuffled)["indices"] == out["indices"]).all()


def test_spatial_branch_gives_a_grid_of_tokens() -> None:
    out = SpatialCNNVQVAE(**SPATIAL)(patches())
    assert out["recon"].shape == (3, 20, 11, 11)
    assert out["quantized"].shape == (3, 9, 16) and out["indices"].shape == (3, 9)
    assert set(out["loss_dict"]) == {"recon_loss", "vq_loss", "commitment_loss"}


def test_joint_tokens_hold_both_ids() -> None:
    tokenizer = a_tokenizer(tokens=False)
    out = tokenizer(patches())
    assert out["joint_ids"].shape == (3, 1)
    k, m = tokenizer.split_ids(out["joint_ids"])
    assert (k == out["spectral_ids"]).all() and (m == out["spatial_ids"][:, :1]).all()
    assert tokenizer.joint_vocab_size == 16 * 12
    assert "recon_s" not in out
    out = tokenizer(patches(), return_recon=True)
    assert out["recon_s"].shape == (3, 20) and out["recon_x"].shape == (3, 20, 11, 11)


def test_each_pixel_has_a_token_where_asked_for() -> None:
    tokenizer = a_tokenizer()
    out = tokenizer(patches(), return_recon=True)
    assert out["joint_ids"].shape == out["spectral_ids"].shape == out["spatial_ids"].shape == (3, 121)
    assert out["recon_s"].shape == out["recon_x"].shape == (3, 20, 11, 11)


@pytest.mark.parametrize(("tokens", "side"), [(True, 11), (False, 11), (False, 7)])
def test_tokens_decode_to_patches(tokens: bool, side: int) -> None:
    tokenizer = a_tokenizer(tokens).eval()
    ids = tokenizer(patches(side=side))["joint_ids"]
    decoded = tokenizer.decode_joint_ids(ids, (side, side))
    assert decoded.shape == (3, 20, side, side) and torch.isfinite(decoded).all()


def test_decoding_averages_what_both_branches_draw() -> None:
    tokenizer = a_tokenizer().eval()
    out = tokenizer(patches(), return_recon=True)
    assert torch.allclose(
        tokenizer.decode_joint_ids(out["joint_ids"]), (out["recon_s"] + out["recon_x"]) / 2, atol=1e-5
    )


def test_gradients_reach_every_weight() -> None:
    for tokens in (True, False):
        tokenizer = a_tokenizer(tokens).train()
        tokenizer(torch.randn(24, 20, 8, 8))["loss"].backward()
        assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in tokenizer.parameters())


def test_codebooks_can_be_carried_over(tmp_path: Path) -> None:
    first, second = a_tokenizer().train(), a_tokenizer(seed=1)
    first(patches())
    first.save_codebooks(tmp_path / "codes.safetensors")
    second.load_codebooks(tmp_path / "codes.safetensors")
    assert (first.spectral_vqvae.codebook.codes == second.spectral_vqvae.codebook.codes).all()
    assert bool(second.spatial_vqvae.codebook.started)
    other = SSPQTokenizer({**SPECTRAL, "codebook_size": 8}, SPATIAL)
    with pytest.raises(WeightMismatchError) as refused:
        other.load_codebooks(tmp_path / "codes.safetensors")
    assert refused.value.code == "hsi.mismatch"


def test_a_saved_tokenizer_comes_back_whole(tmp_path: Path) -> None:
    tokenizer = a_tokenizer().eval()
    tokenizer.save_pretrained(tmp_path)
    again = SSPQTokenizer.from_pretrained(tmp_path)
    assert (again(patches())["joint_ids"] == tokenizer(patches())["joint_ids"]).all()
    assert again.fingerprint() == tokenizer.fingerprint() and not again.training


def test_damaged_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightFileError, match="missing or damaged"):
        SSPQTokenizer.from_pretrained(tmp_path)
    a_tokenizer().save_pretrained(tmp_path)
    weights = tmp_path / "tokenizer.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(WeightFileError):
        SSPQTokenizer.from_pretrained(tmp_path)
    a_tokenizer().save_pretrained(tmp_path)
    facts = tmp_path / "tokenizer.json"
    facts.write_text(
        facts.read_text().replace('"hidden_dim": 8', '"hidden_dim": 9').replace('"hidden_dim":8', '"hidden_dim":9')
    )
    with pytest.raises(WeightMismatchError):
        SSPQTokenizer.from_pretrained(tmp_path)
