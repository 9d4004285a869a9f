"""Training of Stage 1 in the fit loop: patches of many scenes, and what to watch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ml_core.engine.task import Gather, Step, Task
from ml_core.hsi.canonical import CanonicalScene
from ml_core.hsi.tokenizer.codebook import code_histogram, perplexity
from ml_core.hsi.tokenizer.crops import CropSampler
from ml_core.hsi.tokenizer.joint_tokenizer import SSPQTokenizer
from ml_core.run.seeds import mix

_LOSSES = ("recon_loss", "vq_loss", "commitment_loss")
_BRANCHES = ("spectral", "spatial")


class PatchData:
    """Random patches of scenes, turned and mirrored in training.

    A batch is (n, num_bands, S + 2 * halo, S + 2 * halo) float32. What sample i of an epoch is follows from the seed,
    the epoch and i alone; validation has the same patches in every epoch.

    Args:
        scenes: Canonical scenes of any size.
        patch_size: Side of a patch, S.
        halo: Rim that the spatial branch needs; beyond the border of a scene it repeats the border.
        samples: Patches in an epoch.
        seed: Seed of the run.
        split: Training, or the held out corners.
    """

    prefers_workers = False

    def __init__(
        self,
        scenes: Sequence[CanonicalScene],
        *,
        patch_size: int,
        halo: int,
        samples: int,
        seed: int,
        split: Literal["train", "val"],
    ) -> None:
        self._scenes, self._size, self._halo = list(scenes), patch_size, halo
        self._samples, self._seed, self._split = samples, seed, split
        self._samplers = [
            CropSampler.of(scene.coordinates.shape[0], scene.coordinates.shape[1], patch_size, mix(seed, "corner", i))
            for i, scene in enumerate(self._scenes)
        ]

    def __len__(self) -> int:
        return self._samples

    def batch(self, indices: Sequence[int], epoch: int) -> Tensor:
        """See the class."""
        return torch.from_numpy(np.stack([self._sample(index, epoch) for index in indices]))

    def item_name(self, index: int) -> str:
        """The number of the patch."""
        return f"patch {index}"

    def _sample(self, index: int, epoch: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        training = self._split == "train"
        keys = ("patch", self._split, epoch if training else 0, index)
        generator = np.random.default_rng(mix(self._seed, *keys))
        which = int(generator.integers(len(self._scenes)))
        scene, sampler = self._scenes[which], self._samplers[which]
        row, column = sampler.train(generator) if training else sampler.validation(generator)
        height, width, _ = scene.coordinates.shape
        rows = np.clip(np.arange(row - self._halo, row + self._size + self._halo), 0, height - 1)
        columns = np.clip(np.arange(column - self._halo, column + self._size + self._halo), 0, width - 1)
        patch = (scene.coordinates[rows[:, None], columns[None]] @ scene.basis).transpose(2, 0, 1)
        if training:
            patch = np.rot90(patch, int(generator.integers(4)), axes=(1, 2))
            patch = patch[:, :, ::-1] if generator.integers(2) else patch
        return np.ascontiguousarray(patch)


class TokenizerTask(Task):
    """Both branches learn at once; neither sees the other.

    Args:
        tokenizer: The network.
        padded: Batches carry the rim of the spatial branch, as those of `PatchData` with its halo do.
    """

    unit = "patches"
    monitor = "loss"

    def __init__(self, tokenizer: SSPQTokenizer, *, padded: bool = True) -> None:
        self.model = tokenizer
        self._sizes = {"spectral": tokenizer.K_s, "spatial": tokenizer.K_x}
        self._padded = padded and tokenizer.spatial_vqvae.halo > 0
        self._sums: dict[str, Tensor] = {}
        self._histograms: dict[str, Tensor] = {}
        self._seen = 0
        self.metric_names = (
            "loss",
            *(f"{branch}_{loss}" for branch in _BRANCHES for loss in _LOSSES),
            *(f"{branch}_{name}" for branch in _BRANCHES for name in ("perplexity", "code_use")),
        )

    def training_step(self, batch: Any) -> Step:
        """Loss, its parts, and the perplexity of the codes in this batch."""
        out = self.model(batch, padded=self._padded)
        metrics = {
            f"{branch}_{name}": value.detach()
            for branch, parts in out["losses"].items()
            for name, value in parts.items()
        }
        for branch, size in self._sizes.items():
            metrics[f"{branch}_perplexity"] = perplexity(code_histogram(out[f"{branch}_ids"], size)).float()
        return Step(out["loss"], len(batch), metrics)

    def begin_validation(self) -> None:
        """Forget the last one."""
        self._sums, self._histograms, self._seen = {}, {}, 0

    def validation_step(self, batch: Any) -> None:
        """Note losses and how often each code occurs."""
        out = self.model(batch, padded=self._padded)
        found = {"loss": out["loss"]} | {
            f"{branch}_{name}": value for branch, parts in out["losses"].items() for name, value in parts.items()
        }
        for name, value in found.items():
            self._sums[name] = self._sums.get(name, value.new_zeros(())) + value.detach().float() * len(batch)
        for branch, size in self._sizes.items():
            histogram = code_histogram(out[f"{branch}_ids"], size)
            self._histograms[branch] = self._histograms.get(branch, torch.zeros_like(histogram)) + histogram
        self._seen += len(batch)

    def end_validation(self, gather: Gather) -> dict[str, float]:
        """Means of the losses; perplexity and share of the codes that occur, over everything noted."""
        any_sum = next(iter(self._sums.values()))
        seen = gather(any_sum.new_tensor([float(self._seen)])).sum()
        metrics = {name: float(gather(value[None]).sum() / seen) for name, value in self._sums.items()}
        for branch, histogram in self._histograms.items():
            total = gather(histogram[None]).sum(0)
            metrics[f"{branch}_perplexity"] = float(perplexity(total))
            metrics[f"{branch}_code_use"] = float((total > 0).double().mean())
        return metrics
