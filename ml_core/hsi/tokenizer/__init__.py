"""Stage 1: spectra and their surroundings as discrete tokens."""

from ml_core.hsi.tokenizer.joint_tokenizer import SSPQTokenizer
from ml_core.hsi.tokenizer.spatial_vqvae import SpatialCNNVQVAE
from ml_core.hsi.tokenizer.spectral_vqvae import SpectralTCNVQVAE
from ml_core.hsi.tokenizer.token_map import TokenMap, tokenize_scene

__all__ = ["SSPQTokenizer", "SpatialCNNVQVAE", "SpectralTCNVQVAE", "TokenMap", "tokenize_scene"]
