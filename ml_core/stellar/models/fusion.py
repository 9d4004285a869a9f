"""The specification's network of spectra and images."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ml_core.stellar.images.composite import SIDE
from ml_core.stellar.models.image_encoder import Backbone, ImageEncoder
from ml_core.stellar.models.spectrum_encoder import SpectrumEncoder
from ml_core.stellar.spectra.subclass import CLASSES

_IMAGE, _SPECTRUM = 0, 1
_EMBEDDING_SD = 0.02


class FusionOutput(NamedTuple):
    """What `FusionModel` finds.

    Attributes:
        logits: (N, num_classes).
        image_global: (N, d_model), for the contrastive loss.
        spectrum_global: (N, d_model).
        cls: (N, d_model), what the classification rests on.
    """

    logits: Tensor
    image_global: Tensor
    spectrum_global: Tensor
    cls: Tensor


class Tokens(NamedTuple):
    """Both modalities as the encoders see them, before they are fused."""

    image: Tensor
    spectrum: Tensor
    image_global: Tensor
    spectrum_global: Tensor


class FusionModel(nn.Module):
    """Sequences of both encoders after a ``[CLS]`` token, through a transformer, to classes.

    Every token gets the embedding of its type (CLS, image or spectrum) and of its position. Tokens of a modality that
    a star lacks are masked out of the attention, so one network answers with both, or with either alone.

    Args:
        num_classes: Classes.
        d_model: Length of a token.
        num_heads: Heads of attention.
        num_layers: Layers of the transformer.
        dropout: Inside the transformer and before the head.
        backbone: Of the image encoder.
        pretrained: Where its weights come from, see `ImageEncoder`.
        image_side: Side of the pictures in pixels.

    Raises:
        PretrainedError: The backbone's weights cannot be had.
    """

    def __init__(
        self,
        num_classes: int = len(CLASSES),
        *,
        d_model: int = 512,
        num_heads: int = 8,
        num_layers: int = 8,
        dropout: float = 0.1,
        backbone: Backbone = "resnet152",
        pretrained: str = "",
        image_side: int = SIDE,
    ) -> None:
        super().__init__()
        self.image_encoder = ImageEncoder(d_model, backbone, pretrained)
        self.spectrum_encoder = SpectrumEncoder(d_model)
        self.image_tokens = self.image_encoder.tokens(image_side)
        length = 1 + self.image_tokens + self.spectrum_encoder.tokens
        self.cls_token = nn.Parameter(torch.randn(1, 1, d_model) * _EMBEDDING_SD)
        self.type_embedding = nn.Embedding(3, d_model)
        self.position_embedding = nn.Parameter(torch.randn(1, length, d_model) * _EMBEDDING_SD)
        nn.init.normal_(self.type_embedding.weight, std=_EMBEDDING_SD)
        layer = nn.TransformerEncoderLayer(
            d_model, num_heads, 4 * d_model, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.transformer = nn.TransformerEncoder(
            layer, num_layers, norm=nn.LayerNorm(d_model), enable_nested_tensor=False
        )
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(d_model, num_classes))
        types = [0] + [1 + _IMAGE] * self.image_tokens + [1 + _SPECTRUM] * self.spectrum_encoder.tokens
        self.register_buffer("_types", torch.tensor(types), persistent=False)

    def forward(
        self, image: Tensor, spectrum: Tensor, has_image: Tensor | None = None, has_spectrum: Tensor | None = None
    ) -> FusionOutput:
        """Classify.

        Args:
            image: (N, 3, S, S), as `image_input` makes it.
            spectrum: (N, 2, 3522), as `spectrum_input` makes it.
            has_image: (N,) bool, whose image to look at; all where it is left out.
            has_spectrum: (N,) bool.
        """
        everybody = torch.ones(len(image), dtype=torch.bool, device=image.device)
        tokens = self.encode(image, spectrum)
        return self.fuse(
            tokens, everybody if has_image is None else has_image, everybody if has_spectrum is None else has_spectrum
        )

    def encode(self, image: Tensor, spectrum: Tensor) -> Tokens:
        """Both encoders."""
        image_global, image_sequence = self.image_encoder(image)
        spectrum_global, spectrum_sequence = self.spectrum_encoder(spectrum)
        return Tokens(image_sequence, spectrum_sequence, image_global, spectrum_global)

    def fuse(self, tokens: Tokens, has_image: Tensor, has_spectrum: Tensor) -> FusionOutput:
        """From encoded modalities to classes, looking at those a star has."""
        count = len(has_image)
        cls = self.cls_token.expand(count, -1, -1)
        sequence = torch.cat([cls, tokens.image, tokens.spectrum], 1)
        sequence = sequence + self.position_embedding + self.type_embedding(self._types)
        hidden = torch.cat(
            [
                torch.zeros(count, 1, dtype=torch.bool, device=has_image.device),
                ~has_image.unsqueeze(1).expand(-1, tokens.image.shape[1]),
                ~has_spectrum.unsqueeze(1).expand(-1, tokens.spectrum.shape[1]),
            ],
            1,
        )
        found = self.transformer(sequence, src_key_padding_mask=hidden)[:, 0]
        return FusionOutput(self.head(found), tokens.image_global, tokens.spectrum_global, found)
