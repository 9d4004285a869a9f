"""Stage 1: from unlabelled scenes to a tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch

from ml_core.engine.loop import fit
from ml_core.engine.task import FitData, Gather
from ml_core.hsi.canonical import CanonicalScene, CanonicalSettings
from ml_core.hsi.patches import HSIPatchExtractor
from ml_core.hsi.stages.delivery import count_parameters, export_pth, facts_of, write_weight_folder
from ml_core.hsi.stages.pictures import reconstruction_picture
from ml_core.hsi.stages.preparation import canonical_scenes, fit_settings, read_scenes
from ml_core.hsi.stages.tokenizer_config import TokenizerConfig
from ml_core.hsi.tokenizer.joint_tokenizer import SSPQTokenizer
from ml_core.hsi.tokenizer.task import PatchData, TokenizerTask
from ml_core.run.context import RunContext
from ml_core.run.seeds import mix

TASK = "hsi.tokenizer"
_VALIDATION_PATCHES = 64
_WARMUP_SHARE = 10  # one tenth of the steps


def run_tokenizer(config: TokenizerConfig, run: RunContext) -> dict[str, Any]:
    """Train, and leave ``artifacts/weight``, pictures of reconstructions, and ``checkpoints/tokenizer/best.pth``.

    Raises:
        CodedError: See `ml_core.engine.loop.fit`, `read_scenes` and `canonical_scenes`.
    """
    scenes = read_scenes(config, run)
    canonical = canonical_scenes(scenes, run)
    torch.manual_seed(mix(run.seed, "tokenizer"))
    tokenizer = build_tokenizer(config)
    samples = config.patches_per_epoch or count_patches(canonical, config.patch_size, config.stride)
    data = FitData(*(_patches(config, tokenizer, canonical, split, samples) for split in ("train", "val")))
    steps = max(1, samples // config.batch_size)
    settings = fit_settings(
        config,
        epochs=config.num_epochs,
        batch_size=config.batch_size,
        learning_rate=config.lr,
        warmup_steps=config.num_epochs * steps // _WARMUP_SHARE,
        steps_per_epoch=steps,
    )
    result = fit(PicturedTask(tokenizer, canonical, run, config.num_epochs), data, settings, run)
    facts = facts_of(result)
    tokenizer = tokenizer.cpu().eval()
    if run.rank == 0:
        described = config.model_dump(mode="json", exclude={"scenes", "pretrain_datasets", "device", "threads"})
        facts["weight"] = write_weight_folder(
            run,
            task=TASK,
            save=[tokenizer.save_pretrained],
            stems=["tokenizer"],
            parameters=count_parameters(tokenizer),
            metrics=facts["metrics"],
            data_fingerprint=run.dir.read_record()["data_fingerprint"],
            settings=described,
        )
        export_pth(run, "tokenizer/best", tokenizer, described)
    return facts | {"scenes": [scene.name for scene in scenes], "fingerprint": tokenizer.fingerprint()}


def build_tokenizer(config: TokenizerConfig) -> SSPQTokenizer:
    """A tokenizer with a token for each pixel, drawn from torch's generator."""
    common = {"num_bands": CanonicalSettings().num_bands, "commitment_beta": config.commitment_beta, "tokens": "pixel"}
    spectral = {
        "hidden_dim": config.hidden_dim,
        "codebook_size": config.K_s,
        "num_layers": config.num_layers,
        "kernel_size": config.kernel_size,
    }
    spatial = {
        "hidden_dim": config.spatial_dim,
        "codebook_size": config.K_x,
        "encoder_channels": config.encoder_channels,
    }
    return SSPQTokenizer(common | spectral, common | spatial)


def count_patches(scenes: Sequence[CanonicalScene], patch_size: int, stride: int) -> int:
    """How many patches the scenes hold."""
    extractor = HSIPatchExtractor(patch_size, min(stride, patch_size))
    return sum(len(extractor.coordinates(*scene.coordinates.shape[:2])) for scene in scenes)


def _patches(
    config: TokenizerConfig,
    tokenizer: SSPQTokenizer,
    scenes: Sequence[CanonicalScene],
    split: Literal["train", "val"],
    samples: int,
) -> PatchData:
    return PatchData(
        scenes,
        patch_size=config.patch_size,
        halo=tokenizer.spatial_vqvae.halo,
        samples=samples if split == "train" else min(samples, _VALIDATION_PATCHES),
        seed=config.seed,
        split=split,
    )


class PicturedTask(TokenizerTask):
    """Training that leaves a picture of reconstructions after every epoch.

    Args:
        tokenizer: The network.
        scenes: What to show; the first few of them.
        run: Where the pictures go.
        epochs: Number of epochs; the look at the best weights after the last one gets a name of its own.
    """

    def __init__(
        self, tokenizer: SSPQTokenizer, scenes: Sequence[CanonicalScene], run: RunContext, epochs: int
    ) -> None:
        super().__init__(tokenizer)
        self._tokenizer = tokenizer
        self._scenes = scenes
        self._run = run
        self._epochs = epochs
        self._judged = 0

    def end_validation(self, gather: Gather) -> dict[str, float]:
        """Metrics; and the picture."""
        if self._run.rank == 0:
            is_last_look = self._judged >= self._epochs
            name = "best" if is_last_look else f"epoch-{self._judged + 1:03d}"
            path = self._run.artifact_path(f"reconstructions/{name}.png")
            reconstruction_picture(self._tokenizer, self._scenes).save(path)
            self._run.artifact(path)
        self._judged += 1
        return super().end_validation(gather)

    def state(self) -> dict[str, Any]:
        """How many epochs were judged."""
        return {"judged": self._judged}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on counting."""
        self._judged = int(state["judged"])
