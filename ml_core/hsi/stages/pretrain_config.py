"""Settings of stage 2 under the specification's names. Free of torch."""

from __future__ import annotations

from ml_core.hsi.presets import PRESETS, StageName
from ml_core.hsi.stages.config import DATA, NETWORK, TRAINING, StageConfig
from ml_core.run.config import option

_CPU = PRESETS["pretrain"]["cpu"]


class PretrainConfig(StageConfig):
    """Stage 2: train the encoder on the tokens of a trained tokenizer."""

    tokenizer: str = option(
        description="Weight folder, or run, of hsi.tokenizer.", group=DATA, min_length=1, may_change=True
    )
    bert_model_name_or_path: str = option(
        _CPU["bert_model_name_or_path"],
        description="Which BERT: cpu, small or base are new ones of that size; else a name on the hub or a folder.",
        group=NETWORK,
        min_length=1,
        max_length=200,
    )
    load_pretrained_lm: bool = option(
        _CPU["load_pretrained_lm"],
        description="Begin with the weights of that BERT. Where it cannot be reached, a small one begins at random.",
        group=NETWORK,
    )
    num_domains: int = option(
        _CPU["num_domains"],
        description="How many sensors or scenes the encoder tells apart.",
        group=NETWORK,
        advanced=True,
        ge=1,
        le=65_536,
    )
    dropout: float = option(
        _CPU["dropout"],
        description="Share of the activations that training leaves out.",
        group=NETWORK,
        advanced=True,
        ge=0,
        lt=1,
    )
    mask_ratio: float = option(
        _CPU["mask_ratio"],
        description="Share of positions that are hidden and predicted.",
        group=TRAINING,
        gt=0,
        lt=1,
    )
    max_seq_len: int = option(
        _CPU["max_seq_len"],
        description="Longest sequence. A window around what is predicted has 15 x 15 tokens.",
        group=NETWORK,
        unit="tokens",
        advanced=True,
        ge=225,
        le=8192,
    )
    pretrain_batch_size: int = option(
        _CPU["pretrain_batch_size"],
        title="Batch size",
        description="Pieces of scenes that are computed together.",
        group=TRAINING,
        ge=2,
        le=65_536,
    )
    pretrain_epochs: int = option(
        _CPU["pretrain_epochs"],
        title="Epochs",
        description="Rounds over the scenes.",
        group=TRAINING,
        unit="epochs",
        ge=1,
        le=100_000,
    )
    learning_rate_pretrain: float = option(
        _CPU["learning_rate_pretrain"],
        title="Learning rate",
        description="Size of an update after the warm-up.",
        group=TRAINING,
        gt=0,
        le=1,
    )
    num_warmup_steps: int = option(
        _CPU["num_warmup_steps"],
        description="Steps in which the learning rate rises from zero.",
        group=TRAINING,
        unit="steps",
        advanced=True,
        ge=0,
        le=1_000_000,
    )
    windows_per_epoch: int = option(
        _CPU["windows_per_epoch"],
        description="Windows drawn at random from the scenes for a round.",
        group=TRAINING,
        advanced=True,
        ge=2,
        le=100_000_000,
    )

    @classmethod
    def stage_name(cls) -> StageName:
        """Stage 2."""
        return "pretrain"
