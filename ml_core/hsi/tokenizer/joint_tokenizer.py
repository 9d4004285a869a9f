"""Both branches of Stage 1 as one tokenizer: joint_id = k + K_s * m."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from ml_core.hsi.tokenizer import storage
from ml_core.hsi.tokenizer.spatial_vqvae import SpatialCNNVQVAE
from ml_core.hsi.tokenizer.spectral_vqvae import SpectralTCNVQVAE
from ml_core.weights.errors import WeightMismatchError

STEM = "tokenizer"


class SSPQTokenizer(nn.Module):
    """Patches to joint tokens and back.

    Args:
        spectral_cfg: Arguments of `SpectralTCNVQVAE`.
        spatial_cfg: Arguments of `SpatialCNNVQVAE`.
    """

    def __init__(self, spectral_cfg: Mapping[str, Any], spatial_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        self.spectral_cfg, self.spatial_cfg = dict(spectral_cfg), dict(spatial_cfg)
        self.spectral_vqvae = SpectralTCNVQVAE(**self.spectral_cfg)
        self.spatial_vqvae = SpatialCNNVQVAE(**self.spatial_cfg)
        self.K_s: int = self.spectral_cfg["codebook_size"]
        self.K_x: int = self.spatial_cfg["codebook_size"]
        self.joint_vocab_size = self.K_s * self.K_x

    def forward(self, patches: Tensor, return_recon: bool = False, *, padded: bool = False) -> dict[str, Any]:
        """Tokenise patches.

        Args:
            patches: (batch, B, S, S).
            return_recon: Also give what the decoders make of the tokens.
            padded: The patches carry a rim of ``spatial_vqvae.halo`` pixels for the spatial branch alone. A patch cut
                from a scene this way has the very tokens that the scene has.

        Returns:
            ``joint_ids`` (batch, T) with T = min(T_s, T_x), ``spectral_ids`` (batch, T_s), ``spatial_ids``
            (batch, T_x), ``loss``, ``losses`` of both branches by name, and ``recon_s``, ``recon_x`` when asked for.
        """
        halo = self.spatial_vqvae.halo if padded else 0
        inner = patches[..., halo:-halo, halo:-halo] if halo else patches
        spectral = self.spectral_vqvae(inner)
        spatial = self.spatial_vqvae(patches, padded=padded)
        length = min(spectral["indices"].shape[1], spatial["indices"].shape[1])
        out = {
            "joint_ids": spectral["indices"][:, :length] + self.K_s * spatial["indices"][:, :length],
            "spectral_ids": spectral["indices"],
            "spatial_ids": spatial["indices"],
            "loss": spectral["loss"] + spatial["loss"],
            "losses": {"spectral": spectral["loss_dict"], "spatial": spatial["loss_dict"]},
        }
        if return_recon:
            out |= {"recon_s": spectral["recon"], "recon_x": spatial["recon"]}
        return out

    def split_ids(self, joint_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Spectral and spatial numbers (k, m) of joint ids."""
        return joint_ids % self.K_s, torch.div(joint_ids, self.K_s, rounding_mode="floor")

    def decode_joint_ids(self, joint_ids: Tensor, size: tuple[int, int] | None = None) -> Tensor:
        """Patches as both decoders see them, averaged.

        Args:
            joint_ids: (batch, T), tokens of a square in row order; a last row that is not full is filled up.
            size: Height and width of the patches; by default what the tokens stand for.

        Returns:
            (batch, B, height, width).
        """
        spectral_ids, spatial_ids = self.split_ids(joint_ids)
        batch, length = joint_ids.shape
        side = math.isqrt(length - 1) + 1
        missing = side * side - length
        if missing:
            spectral_ids = torch.cat([spectral_ids, spectral_ids[:, -1:].expand(-1, missing)], dim=1)
            spatial_ids = torch.cat([spatial_ids, spatial_ids[:, -1:].expand(-1, missing)], dim=1)
        codes = self.spatial_vqvae.codebook.lookup(spatial_ids)
        drawn = self.spatial_vqvae.decode(codes.view(batch, side, side, -1).permute(0, 3, 1, 2), size)
        latents = self.spectral_vqvae.codebook.lookup(spectral_ids)
        spectra = self.spectral_vqvae.decode(latents.view(batch * side * side, -1)).view(batch, side, side, -1)
        enlarged = nn.functional.interpolate(spectra.permute(0, 3, 1, 2), size=drawn.shape[-2:], mode="nearest")
        return 0.5 * (drawn + enlarged)

    def fingerprint(self) -> str:
        """SHA-256 of the weights. An encoder remembers whose tokens it learned."""
        return storage.fingerprint(self.state_dict())

    def save_codebooks(self, path: str | Path) -> None:
        """Write both codebooks with the running averages that training goes on from, as safetensors."""
        storage.write_tensors(Path(path), self._codebook_tensors())

    def load_codebooks(self, path: str | Path) -> None:
        """Take codebooks back.

        Raises:
            WeightFileError: The file is missing or damaged.
            WeightMismatchError: The codebooks have other sizes.
        """
        given, own = storage.read_tensors(Path(path)), self._codebook_tensors()
        if {n: t.shape for n, t in given.items()} != {n: t.shape for n, t in own.items()}:
            raise WeightMismatchError(
                "The codebooks have other sizes than the tokenizer.",
                code="hsi.mismatch",
                hint="Load codebooks of a tokenizer with equal codebook and code sizes.",
                where=Path(path).name,
            )
        for name, tensor in own.items():
            tensor.copy_(given[name])

    def _codebook_tensors(self) -> dict[str, Tensor]:
        branches = {"spectral": self.spectral_vqvae.codebook, "spatial": self.spatial_vqvae.codebook}
        return {f"{name}.{key}": t for name, book in branches.items() for key, t in book.state_dict().items()}

    def save_pretrained(self, folder: str | Path) -> None:
        """Leave ``tokenizer.safetensors`` and ``tokenizer.json``."""
        facts = {"spectral": self.spectral_cfg, "spatial": self.spatial_cfg, "fingerprint": self.fingerprint()}
        storage.write_network(Path(folder), STEM, self, facts)

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> Self:
        """The tokenizer of a folder, in evaluation mode.

        Raises:
            WeightFileError: A file is missing or damaged.
            WeightMismatchError: The tensors do not fit the description.
        """
        facts = storage.read_facts(Path(folder), STEM)
        try:
            tokenizer = cls(facts["spectral"], facts["spatial"])
        except (KeyError, TypeError, ValueError) as error:
            raise WeightMismatchError(
                "tokenizer.json does not describe a tokenizer.", hint="Export the weight again.", where=f"{STEM}.json"
            ) from error
        storage.load_state(tokenizer, storage.read_tensors(Path(folder) / f"{STEM}.safetensors"), STEM)
        return tokenizer.eval()
