"""From settings to a network with its start values, and to the settings of the fit loop."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ml_core.engine.config import FitConfig
from ml_core.run.seeds import mix
from ml_core.stellar.models.output import INPUTS
from ml_core.stellar.training.config import TrainConfig
from ml_core.stellar.training.data import Prepare
from ml_core.stellar.training.task import Answer

_WARMUP_SHARE: Final = 20  # a twentieth of the steps
_AVERAGE: Final = 0.99
#: F1 over a few hundred stars jumps between epochs by more than it grows: its best epoch may be a lucky early one with
#: half trained heads, even of averaged weights: .015 of F1 lost on stars of other families, and twice the calibration
#: error.
#: The likelihood of the classes is as honest and falls evenly.
_RECOMMENDED_MONITOR: Final = "loss"


def build_network(config: TrainConfig, *, pretrained: bool = True) -> nn.Module:
    """The network, drawn from the seed.

    Args:
        config: Settings.
        pretrained: Load published weights where the settings ask for them; needless when a checkpoint follows.

    Raises:
        PretrainedError: They cannot be had.
    """
    torch.manual_seed(mix(config.seed, "network"))
    if config.model == "recommended":
        from ml_core.stellar.classifier import StarClassifier, StarClassifierSettings

        return StarClassifier(
            StarClassifierSettings(
                modality_dropout=config.modality_dropout, sic_weight=config.sic_weight,
                sic_temperature=config.sic_temperature, augment=config.augment,
            )
        )  # fmt: skip
    from ml_core.stellar.models.fusion_classifier import FusionClassifier, FusionSettings

    return FusionClassifier(
        FusionSettings(
            backbone=config.backbone, pretrained=config.pretrained if pretrained else "", d_model=config.d_model,
            num_heads=config.num_heads, num_layers=config.num_layers, dropout=config.dropout,
            modality_dropout=config.modality_dropout, sic_weight=config.sic_weight,
            sic_temperature=config.sic_temperature, augment=config.augment,
        )
    )  # fmt: skip


def preparation(config: TrainConfig) -> Prepare | None:
    """What the network does to each star before anything random, to be done once instead of in every epoch."""
    if config.model != "recommended":
        return None
    from ml_core.stellar.classifier import prepare

    def once(batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {**prepare(*(batch[name] for name in INPUTS))._asdict(), "label": batch["label"]}

    return once


def answering(config: TrainConfig, network: nn.Module) -> Answer | None:
    """How the network answers about a prepared batch."""
    if config.model != "recommended":
        return None
    from ml_core.stellar.classifier import PreparedStars, StarClassifier

    assert isinstance(network, StarClassifier)
    return lambda batch: network.evaluate(PreparedStars(*(batch[name] for name in INPUTS)))


def fit_settings(config: TrainConfig, steps_per_epoch: int) -> FitConfig:
    """Settings of the fit loop. The recommended classifier solves small systems of equations, which need all digits."""
    is_fusion = config.model == "fusion_plain"
    return FitConfig(
        epochs=config.epochs, batch_size=config.batch_size, learning_rate=config.learning_rate,
        weight_decay=config.weight_decay, optimizer=config.optimizer, schedule="cosine",
        warmup_steps=config.epochs * steps_per_epoch // _WARMUP_SHARE, clip_norm=1.0 if is_fusion else None,
        ema_decay=None if is_fusion else _AVERAGE, monitor="auto" if is_fusion else _RECOMMENDED_MONITOR,
        precision="auto" if is_fusion else "fp32", patience=config.patience, device=config.device,
        threads=config.threads, workers=0, checkpoint_every_s=config.checkpoint_every_s,
    )  # fmt: skip
