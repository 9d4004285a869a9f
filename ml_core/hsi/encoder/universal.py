"""Tokenizer and encoder as one model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ml_core.hsi.encoder.bert import HSIEncoderBERT
from ml_core.hsi.tokenizer.joint_tokenizer import SSPQTokenizer
from ml_core.weights.errors import WeightMismatchError


class UniversalHSIModel(nn.Module):
    """Patches to hidden states.

    Args:
        tokenizer: Stage 1.
        encoder: Stage 2, trained on the tokens of this tokenizer.

    Raises:
        WeightMismatchError: ``hsi.mismatch`` when the two do not belong together.
    """

    def __init__(self, tokenizer: SSPQTokenizer, encoder: HSIEncoderBERT) -> None:
        super().__init__()
        check_pair(tokenizer, encoder)
        self.tokenizer = tokenizer
        self.encoder = encoder

    def encode_patches(
        self, patches: Tensor, domain_ids: Tensor, pretrain: bool = False, *, padded: bool = False
    ) -> dict[str, Any]:
        """Hidden states of patches.

        Args:
            patches: (batch, B, S, S).
            domain_ids: (batch,).
            pretrain: Hide tokens and predict them.
            padded: See `SSPQTokenizer.forward`.

        Returns:
            ``hidden`` (batch, T, hidden_size) and ``joint_ids`` (batch, T); with ``pretrain`` also ``loss`` and
            ``logits``.
        """
        joint_ids = self.tokenizer(patches, return_recon=False, padded=padded)["joint_ids"]
        if pretrain:
            loss, logits, hidden = self.encoder(joint_ids, domain_ids, pretrain=True)
            return {"loss": loss, "logits": logits, "hidden": hidden, "joint_ids": joint_ids}
        return {"hidden": self.encoder(joint_ids, domain_ids, pretrain=False), "joint_ids": joint_ids}


def check_pair(tokenizer: SSPQTokenizer, encoder: HSIEncoderBERT) -> None:
    """Refuse an encoder that learned the tokens of another tokenizer.

    Raises:
        WeightMismatchError: ``hsi.mismatch``.
    """
    sizes = (tokenizer.K_s, tokenizer.K_x) == (encoder.spectral_codes, encoder.spatial_codes)
    known = encoder.tokenizer_fingerprint
    if not sizes or (known and known != tokenizer.fingerprint()):
        raise WeightMismatchError(
            "The encoder was trained on the tokens of another tokenizer.",
            code="hsi.mismatch",
            hint="Choose the tokenizer that the encoder was trained with, or train an encoder for this one.",
            where="encoder",
        )


def load_stage12(folder: str | Path) -> UniversalHSIModel:
    """Tokenizer and encoder of one folder, in evaluation mode.

    Raises:
        WeightFileError: A file is missing or damaged.
        WeightMismatchError: They do not belong together.
    """
    model = UniversalHSIModel(SSPQTokenizer.from_pretrained(folder), HSIEncoderBERT.from_pretrained(folder))
    return model.eval()
