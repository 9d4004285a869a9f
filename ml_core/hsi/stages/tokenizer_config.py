"""Settings of stage 1 under the specification's names. Free of torch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ml_core.hsi.presets import PRESETS, StageName
from ml_core.hsi.stages.config import NETWORK, TOKENS, TRAINING, StageConfig
from ml_core.run.config import option

_CPU = PRESETS["tokenizer"]["cpu"]


class TokenizerConfig(StageConfig):
    """Stage 1: train the two codebooks."""

    patch_size: int = option(
        _CPU["patch_size"],
        description="Side of the patches that are learnt from. Every pixel of them gets a token.",
        group=TOKENS,
        unit="px",
        ge=1,
        le=64,
    )
    stride: int = option(
        _CPU["stride"],
        description="Distance of neighbouring patches; it counts a round where none are drawn. Maps always have a "
        "score for each pixel.",
        group=TOKENS,
        unit="px",
        ge=1,
        le=64,
    )
    K_s: int = option(
        _CPU["K_s"],
        title="Spectral codes",
        description="Size of the codebook of spectra.",
        group=TOKENS,
        ge=2,
        le=65_536,
    )
    K_x: int = option(
        _CPU["K_x"],
        title="Spatial codes",
        description="Size of the codebook of surroundings.",
        group=TOKENS,
        ge=2,
        le=65_536,
    )
    hidden_dim: int = option(
        _CPU["hidden_dim"],
        description="Channels of the hidden layers.",
        group=NETWORK,
        advanced=True,
        ge=4,
        le=2048,
    )
    num_layers: int = option(
        _CPU["num_layers"],
        description="Convolutions of the spectral network.",
        group=NETWORK,
        advanced=True,
        ge=1,
        le=32,
    )
    kernel_size: int = option(
        _CPU["kernel_size"],
        description="Bands that one convolution sees.",
        group=NETWORK,
        unit="bands",
        advanced=True,
        ge=1,
        le=31,
    )
    spatial_dim: int = option(
        _CPU["spatial_dim"],
        description="Channels into which the spatial network squeezes the bands.",
        group=NETWORK,
        advanced=True,
        ge=1,
        le=2048,
    )
    encoder_channels: list[Annotated[int, Field(ge=1, le=2048)]] = option(
        _CPU["encoder_channels"],
        description="Channels of the 3x3 convolutions of the spatial network; each lets a token see one pixel further.",
        group=NETWORK,
        advanced=True,
        min_length=1,
        max_length=8,
    )
    commitment_beta: float = option(
        _CPU["commitment_beta"],
        description="How strongly the networks are held to their codes.",
        group=NETWORK,
        advanced=True,
        ge=0,
        le=10,
    )
    num_epochs: int = option(
        _CPU["num_epochs"],
        description="Rounds over the patches.",
        group=TRAINING,
        unit="epochs",
        ge=1,
        le=100_000,
    )
    batch_size: int = option(
        _CPU["batch_size"],
        description="Patches that are computed together.",
        group=TRAINING,
        unit="patches",
        ge=2,
        le=65_536,
    )
    lr: float = option(_CPU["lr"], title="Learning rate", description="Size of an update.", group=TRAINING, gt=0, le=1)
    patches_per_epoch: int = option(
        _CPU["patches_per_epoch"],
        description="Patches drawn at random for a round. Zero: as many as the scenes hold at the stride.",
        group=TRAINING,
        unit="patches",
        advanced=True,
        ge=0,
        le=100_000_000,
    )

    @classmethod
    def stage_name(cls) -> StageName:
        """Stage 1."""
        return "tokenizer"
