"""The detector: tokenizer, encoder and heads; patches to scores, and scenes to maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml_core.hsi.anomaly.adapters import add_lora, without_lora
from ml_core.hsi.anomaly.dense import dense_heads
from ml_core.hsi.anomaly.fusion import fuse
from ml_core.hsi.anomaly.heads import OneClassHead, compute_lm_nll_scores, compute_recon_error
from ml_core.hsi.anomaly.missing import missing_pixels
from ml_core.hsi.anomaly.target_network import TargetNetwork
from ml_core.hsi.canonical import canonicalise
from ml_core.hsi.encoder import HSIEncoderBERT, UniversalHSIModel, load_stage12
from ml_core.hsi.scene import Scene
from ml_core.hsi.tokenizer import storage
from ml_core.weights.errors import WeightMismatchError

Maps = NDArray[np.float32]

STEM = "detector"
HEAD_WEIGHTS = {"lm_nll": 0.4, "recon": 0.3, "one_class": 0.3}


class HSIAnomalyDetector(nn.Module):
    """Anomaly scores of patches and scenes.

    Two networks stand on top. ``one_class_head`` reads the encoder's hidden states of a patch, as the specification
    has it. ``target_network`` reads measurements around every pixel and learned from planted targets; maps use it.

    Args:
        universal_model: Tokenizer and encoder.
        hidden_size: Length of the encoder's hidden states.
        freeze_encoder: Leave the encoder as it is.
        use_lora: Train low-rank additions to the encoder's attention, whether frozen or not.
        head_weights: Shares of ``lm_nll``, ``recon`` and ``one_class``; those not given keep their default.

    Raises:
        WeightMismatchError: The encoder's hidden states have another length.
    """

    def __init__(
        self,
        universal_model: UniversalHSIModel,
        hidden_size: int,
        freeze_encoder: bool = True,
        use_lora: bool = False,
        head_weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        if hidden_size != universal_model.encoder.hidden_size:
            raise WeightMismatchError(
                f"The heads expect {hidden_size} numbers, the encoder gives {universal_model.encoder.hidden_size}.",
                code="hsi.mismatch",
                hint="Give the hidden size of the encoder.",
                where="hidden_size",
            )
        self.universal_model = universal_model
        self.one_class_head = OneClassHead(hidden_size)
        self.target_network = TargetNetwork()
        self.head_weights = HEAD_WEIGHTS | dict(head_weights or {})
        self.hidden_size, self.use_lora = hidden_size, use_lora
        self.learns_encoder = use_lora or not freeze_encoder
        universal_model.tokenizer.requires_grad_(False)
        if freeze_encoder or use_lora:
            universal_model.encoder.requires_grad_(False)
        if use_lora:
            add_lora(universal_model.encoder.encoder)

    def train(self, mode: bool = True) -> Self:
        """Set the mode of what learns; the tokenizer, whose codebooks move in training, never does."""
        super().train(mode)
        self.universal_model.train(mode and self.learns_encoder)
        self.universal_model.tokenizer.eval()
        return self

    def forward(
        self, patches: Tensor, domain_ids: Tensor, mode: Literal["train", "eval"] = "eval"
    ) -> dict[str, Tensor]:
        """Scores of patches.

        Args:
            patches: (batch, B, S, S), half-whitened spectra on the common axis.
            domain_ids: (batch,).
            mode: ``train`` keeps gradients of the one-class score.

        Returns:
            ``lm_nll`` (batch, T), ``recon`` (batch, T) or (batch,), ``one_class`` (batch, 1), and ``combined``
            (batch,): the weighted sum of the heads, each in robust deviations within the batch.
        """
        with torch.set_grad_enabled(mode == "train" and torch.is_grad_enabled()):
            encoded = self.universal_model.encode_patches(patches, domain_ids, pretrain=False)
            one_class = self.one_class_head(encoded["hidden"].mean(dim=1))
        lm_nll = compute_lm_nll_scores(self.universal_model.encoder, encoded["joint_ids"], domain_ids)
        recon = compute_recon_error(self.universal_model.tokenizer, patches, encoded["joint_ids"])
        heads = {"lm_nll": lm_nll, "recon": recon, "one_class": one_class}
        total = sum(self.head_weights[name] for name in heads)
        combined = sum(
            self.head_weights[name] / total * _vote(scores.reshape(len(patches), -1).mean(1))
            for name, scores in heads.items()
        )
        assert isinstance(combined, Tensor)
        return {**heads, "combined": combined}

    def detect(
        self,
        scene: Scene,
        *,
        domain_id: int = 0,
        progress: Callable[[float], None] | None = None,
        workers: int = 1,
    ) -> dict[str, Maps]:
        """All maps of a scene, pixel by pixel to the border.

        Args:
            scene: Read in blocks of rows; its mask is not looked at.
            domain_id: Sensor or scene as in pre-training; a number unknown there counts as an average one.
            progress: Called with the share done; what it raises ends the work.
            workers: Bands of rows that are computed at the same time.

        Returns:
            ``lm_nll``, ``token_nll``, ``recon``, ``one_class``, ``training_free`` and ``combined``: (H, W) float32,
            larger = more anomalous.

        Raises:
            SceneError: Nothing varies in the scene.
        """
        was_training = self.training
        self.eval()
        try:
            maps = self._heads_of(scene, domain_id, progress, workers)
        finally:
            self.train(was_training)
        return maps | {"combined": fuse(maps, self.head_weights)}

    def _heads_of(
        self, scene: Scene, domain_id: int, progress: Callable[[float], None] | None, workers: int
    ) -> dict[str, Maps]:
        canonical = canonicalise(scene.cube, wavelengths=scene.wavelengths, good_bands=scene.good_bands)
        maps = dense_heads(
            self.universal_model,
            self.target_network,
            canonical,
            domain_id=domain_id,
            workers=max(1, workers),
            progress=progress,
        )
        missing = missing_pixels(scene.cube, canonical.used_bands)
        if scene.invalid is not None:
            missing |= scene.invalid
        if missing.any():
            # Filled with the mean of the scene they would stand out from any place that is not average.
            for values in maps.values():
                values[missing] = values.min()
        return maps

    def generate_anomaly_map(self, cube: NDArray[Any] | Tensor, domain_id: int = 0) -> Maps:
        """The ``combined`` map (H, W) of a cube (H, W, B); see `detect`."""
        values = cube.detach().cpu().numpy() if isinstance(cube, Tensor) else cube
        good = np.ones(values.shape[2], dtype=bool)
        return self.detect(Scene("cube", values, None, None, good), domain_id=domain_id)["combined"]

    def save_pretrained(self, folder: str | Path) -> None:
        """Leave a folder that holds all three stages and what belongs to what. LoRA is merged into the encoder."""
        encoder: HSIEncoderBERT = without_lora(self.universal_model.encoder)
        self.universal_model.tokenizer.save_pretrained(folder)
        encoder.save_pretrained(folder)
        facts = {
            "hidden_size": self.hidden_size,
            "head_weights": self.head_weights,
            "tokenizer_fingerprint": self.universal_model.tokenizer.fingerprint(),
            "encoder_fingerprint": encoder.fingerprint(),
        }
        storage.write_network(Path(folder), STEM, self._heads(), facts)

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> Self:
        """The detector of a folder, frozen and in evaluation mode.

        Raises:
            WeightFileError: A file is missing or damaged.
            WeightMismatchError: ``hsi.mismatch`` when tokenizer, encoder and heads do not belong together.
        """
        path = Path(folder)
        facts = storage.read_facts(path, STEM)
        model = load_stage12(path)
        found = {
            "tokenizer_fingerprint": model.tokenizer.fingerprint(),
            "encoder_fingerprint": model.encoder.fingerprint(),
        }
        if any(facts.get(name) != value for name, value in found.items()):
            raise WeightMismatchError(
                "The detector was trained with another tokenizer or encoder.",
                code="hsi.mismatch",
                hint="Use the folder as the training left it.",
                where=f"{STEM}.json",
            )
        detector = cls(model, int(facts["hidden_size"]), head_weights=facts["head_weights"])
        storage.load_state(detector._heads(), storage.read_tensors(path / f"{STEM}.safetensors"), STEM)
        return detector.eval()

    def _heads(self) -> nn.ModuleDict:
        return nn.ModuleDict({"one_class_head": self.one_class_head, "target_network": self.target_network})


def _vote(scores: Tensor) -> Tensor:
    """asinh of the deviation from the median of the batch in robust standard deviations; zero where all are alike."""
    distance = scores - scores.median()
    spread = 1.4826 * distance.abs().median()
    spread = torch.where(spread > 0, spread, distance.abs().mean())
    return torch.asinh(distance / spread.clamp(min=1e-12))
