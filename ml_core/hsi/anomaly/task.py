"""Training of Stage 3 in the fit loop: the target network on planted targets, the one-class head on hidden states."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.engine.task import Gather, ParameterGroup, Step, Task
from ml_core.hsi.anomaly.detector import HSIAnomalyDetector
from ml_core.hsi.anomaly.planted import BACKGROUND, TARGET
from ml_core.hsi.anomaly.planted_data import AnomalyBatch, AnomalyData
from ml_core.hsi.metrics import score_map

_WEIGHT_DECAY = 0.01


class _Losses(nn.Module):
    """What a step lessens, as one module: with several processes the loop wraps it."""

    def __init__(self, detector: HSIAnomalyDetector, *, uses_labels: bool) -> None:
        super().__init__()
        self.detector = detector
        self._uses_labels = uses_labels

    def forward(self, batch: AnomalyBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Losses of target network, one-class head and, where the encoder learns, its own task."""
        detector = self.detector
        planted = planted_loss(detector.target_network(batch.maps), batch.labels)
        model = detector.universal_model
        with torch.set_grad_enabled(detector.learns_encoder and torch.is_grad_enabled()):
            encoded = model.encode_patches(batch.patches, batch.domain_ids, pretrain=detector.learns_encoder)
        labels = batch.patch_labels if self._uses_labels else None
        one_class = detector.one_class_head.loss(encoded["hidden"].mean(dim=1), labels)
        # An encoder that only served the head would forget what it knows about spectra.
        return planted, one_class, encoded["loss"] if detector.learns_encoder else torch.zeros_like(planted)


class AnomalyTask(Task):
    """Learns the heads of a detector; the tokenizer stays as it is, the encoder unless the detector says otherwise.

    Args:
        detector: What learns.
        data: What it will learn from; its measurements set the scale of the target network.
    """

    unit = "crops"
    monitor = "planted_ap"
    metric_names = ("loss", "planted_auc", "planted_ap")

    def __init__(self, detector: HSIAnomalyDetector, data: AnomalyData) -> None:
        self.detector = detector
        self.model = _Losses(detector, uses_labels=data.uses_labels)
        detector.target_network.set_scale(*data.scale())
        self._noted: list[tuple[Tensor, Tensor]] = []

    def parameter_groups(self) -> dict[str, list[ParameterGroup]]:
        """All that learn, with the weight decay the planted targets were tried with."""
        learning = [parameter for parameter in self.detector.parameters() if parameter.requires_grad]
        return {"main": [ParameterGroup(learning, weight_decay=_WEIGHT_DECAY)]}

    def training_step(self, batch: Any) -> Step:
        """Sum of the losses; each alone among the metrics."""
        planted, one_class, encoder = self.model(batch)
        metrics = {"planted_loss": planted.detach(), "one_class_loss": one_class.detach()}
        if self.detector.learns_encoder:
            metrics["encoder_loss"] = encoder.detach()
        return Step(planted + one_class + encoder, len(batch.labels), metrics)

    def begin_validation(self) -> None:
        """Forget the last one."""
        self._noted.clear()

    def validation_step(self, batch: Any) -> None:
        """Note logits and labels of one batch."""
        self._noted.append((self.detector.target_network(batch.maps).float(), batch.labels))

    def end_validation(self, gather: Gather) -> dict[str, float]:
        """How well planted targets are told from their scene."""
        logits, labels = (gather(torch.cat(column)) for column in zip(*self._noted, strict=True))
        decided = (labels == TARGET) | (labels == BACKGROUND)
        scores, truth = logits[decided].cpu().numpy(), (labels[decided] == TARGET).cpu().numpy()
        found = {"loss": float(planted_loss(logits, labels)), "planted_auc": 0.5, "planted_ap": float(truth.mean())}
        if truth.any() and not truth.all():
            measured = score_map(scores[None], truth[None].astype(np.uint8))
            found |= {"planted_auc": float(measured["auc"] or 0.0), "planted_ap": float(measured["ap"] or 0.0)}
        return found


def planted_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross entropy over the pixels that are decided: (batch, H, W) each to a scalar."""
    decided = (labels >= 0).to(logits.dtype)
    losses = functional.binary_cross_entropy_with_logits(logits, (labels == TARGET).to(logits.dtype), reduction="none")
    return (losses * decided).sum() / decided.sum().clamp(min=1.0)
