"""Training data of Stage 3: pieces of planted scenes, as indexed data of the fit loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_core.hsi.anomaly.features import training_free_of
from ml_core.hsi.anomaly.planted import BACKGROUND, TARGET, UNDECIDED, PlantSettings, plant
from ml_core.hsi.anomaly.surroundings import surroundings, units_of
from ml_core.hsi.canonical import CanonicalScene
from ml_core.run.seeds import mix

Maps = NDArray[np.float32]

_CROP = 48
_WINDOW = 160  # a planted piece of a large scene is no larger
_SUSPECTS = 0.1  # of the background may be real targets: what looks most like one is left out
_FOREIGN_STEP = 7  # every so many pixels of another scene lend spectra
_PATCH = 9


class AnomalyBatch(NamedTuple):
    """What one step learns from.

    Attributes:
        maps: (batch, features, crop, crop) measurements of planted scenes.
        labels: (batch, crop, crop) int8: 1 target, 0 background, -1 neither.
        patches: (batch, B, S, S) half-whitened spectra of scenes as they are.
        patch_labels: (batch,) int8: 1 where the mask has a target in the middle, else 0.
        domain_ids: (batch,).
    """

    maps: Tensor
    labels: Tensor
    patches: Tensor
    patch_labels: Tensor
    domain_ids: Tensor


@dataclass(frozen=True)
class _Planting:
    scene: int
    maps: NDArray[np.float16]
    labels: NDArray[np.int8]


class AnomalyData:
    """Crops of planted scenes; which follows from seed, epoch and index alone.

    Args:
        scenes: To plant targets in, without labels.
        masks: One (H, W) mask or None for each scene, where the user wants to learn from labels.
        domain_ids: One for each scene.
        landscapes: Further scenes, known to hold no target. They get half as many plantings in all.
        samples: Crops in an epoch.
        plantings: Planted scenes that are kept, shared out among the scenes.
        seed: Draws everything.
        split: Validation has plantings of its own, and its crops are the same in every epoch.
        settings: What is planted.
        progress: Called with the share of plantings done; what it raises ends the work.
    """

    prefers_workers = False

    def __init__(
        self,
        scenes: Sequence[CanonicalScene],
        *,
        masks: Sequence[NDArray[np.uint8] | None] | None = None,
        domain_ids: Sequence[int] | None = None,
        landscapes: Sequence[CanonicalScene] = (),
        samples: int = 150,
        plantings: int = 90,
        seed: int = 0,
        split: Literal["train", "val"] = "train",
        settings: PlantSettings | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self._own = len(scenes)
        self._scenes = [*scenes, *landscapes]
        own_masks = list(masks) if masks is not None else [None] * self._own
        self.uses_labels = any(mask is not None for mask in own_masks)
        self._masks = own_masks + [np.zeros(scene.coordinates.shape[:2], np.uint8) for scene in landscapes]
        self._domain_ids = list(domain_ids) if domain_ids is not None else [0] * self._own
        self._samples, self._seed, self._split = samples, seed, split
        self._plantings: list[_Planting] = []
        self._known_suspects: dict[tuple[int, int, int], NDArray[np.bool_]] = {}
        grounds = self._grounds(plantings)
        for number, ground in enumerate(grounds):
            generator = np.random.default_rng(mix(seed, f"plant {split}", number))
            self._plantings.append(self._plant(ground, generator, settings))
            if progress:
                progress((number + 1) / len(grounds))
        self._side = min(_CROP, *(min(planting.labels.shape) for planting in self._plantings))

    def _grounds(self, plantings: int) -> list[int]:
        """The scene of each planting."""
        own = list(range(self._own)) * max(1, plantings // self._own)
        simulated = list(range(self._own, len(self._scenes)))
        return own + (simulated * max(1, len(own) // (2 * len(simulated))) if simulated else [])

    def __len__(self) -> int:
        return self._samples

    def item_name(self, index: int) -> str:
        """Which crop."""
        return f"planted crop {index}"

    def scale(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each measurement over all plantings: (features,) float32 each."""
        pixels = [planting.maps.reshape(len(planting.maps), -1).astype(np.float64) for planting in self._plantings]
        mean = np.mean([values.mean(axis=1) for values in pixels], axis=0)
        square = np.mean([np.square(values).mean(axis=1) for values in pixels], axis=0)
        spread = np.sqrt(np.maximum(square - mean**2, 0.0))
        return torch.from_numpy(mean.astype(np.float32)), torch.from_numpy(spread.astype(np.float32))

    def batch(self, indices: Sequence[int], epoch: int) -> AnomalyBatch:
        """See `AnomalyBatch`."""
        crops = [self._crop(index, epoch) for index in indices]
        columns = [torch.from_numpy(np.stack(column)) for column in zip(*crops, strict=True)]
        return AnomalyBatch(*columns)

    def _crop(self, index: int, epoch: int) -> tuple[NDArray[np.generic], ...]:
        epoch = epoch if self._split == "train" else 0
        generator = np.random.default_rng(mix(self._seed, f"crop {self._split}", epoch, index))
        planting = self._plantings[generator.integers(len(self._plantings))]
        height, width = planting.labels.shape
        row, column = generator.integers(height - self._side + 1), generator.integers(width - self._side + 1)
        rows, columns = slice(row, row + self._side), slice(column, column + self._side)
        maps, labels = planting.maps[:, rows, columns].astype(np.float32), planting.labels[rows, columns]
        if generator.random() < 0.5:
            maps, labels = maps[:, ::-1], labels[::-1]
        if generator.random() < 0.5:
            maps, labels = maps.transpose(0, 2, 1), labels.T
        number = planting.scene if planting.scene < self._own else int(generator.integers(self._own))
        patch, label = self._patch(number, generator)
        domain = np.int64(self._domain_ids[number])
        return np.ascontiguousarray(maps), np.ascontiguousarray(labels), patch, label, np.asarray(domain)

    def _patch(self, number: int, generator: np.random.Generator) -> tuple[Maps, NDArray[np.int8]]:
        """A patch of a scene; where there is a mask, as often around a target as not."""
        scene, mask = self._scenes[number], self._masks[number]
        height, width = scene.coordinates.shape[:2]
        row, column = int(generator.integers(height)), int(generator.integers(width))
        if mask is not None and mask.any() and generator.random() < 0.5:
            places = np.argwhere(mask)
            row, column = places[generator.integers(len(places))]
        label = np.int8(mask is not None and mask[row, column] > 0)
        reach = np.arange(-(_PATCH // 2), _PATCH // 2 + 1)
        rows, columns = np.clip(row + reach, 0, height - 1), np.clip(column + reach, 0, width - 1)
        spectra = scene.coordinates[rows[:, None], columns[None]] @ scene.basis
        return np.ascontiguousarray(spectra.transpose(2, 0, 1)), np.asarray(label)

    def _plant(self, number: int, generator: np.random.Generator, settings: PlantSettings | None) -> _Planting:
        scene, mask = self._scenes[number], self._masks[number]
        height, width = scene.coordinates.shape[:2]
        row = int(generator.integers(max(height - _WINDOW, 0) + 1))
        column = int(generator.integers(max(width - _WINDOW, 0) + 1))
        window = (slice(row, row + _WINDOW), slice(column, column + _WINDOW))
        ground = scene.coordinates[window]
        planted, labels = plant(ground, self._foreign(number), generator, settings)
        if mask is not None:
            labels[(mask[window] > 0) & (labels == BACKGROUND)] = TARGET
        else:
            labels[(labels == BACKGROUND) & self._suspects(number, row, column, ground)] = UNDECIDED
        maps = surroundings(planted, units_of(planted))
        return _Planting(number, maps.astype(np.float16), labels)

    def _suspects(self, number: int, row: int, column: int, ground: Maps) -> NDArray[np.bool_]:
        """Nobody has labelled the scene: the ground that stands out most may well be a target."""
        key = (number, row, column)
        if key not in self._known_suspects:
            suspicion = training_free_of(ground)
            self._known_suspects[key] = suspicion > np.quantile(suspicion, 1.0 - _SUSPECTS)
        return self._known_suspects[key]

    def _foreign(self, number: int) -> Maps:
        """Spectra of the other scenes in the components of this one; simulated ones go with simulated ones."""
        basis = self._scenes[number].basis
        found: list[NDArray[np.floating[Any]]] = [np.zeros((0, len(basis)), np.float32)]
        for other, scene in enumerate(self._scenes):
            if other != number and (other < self._own) == (number < self._own):
                spectra = scene.coordinates[::_FOREIGN_STEP, ::_FOREIGN_STEP].reshape(-1, len(basis))
                found.append((spectra @ scene.basis) @ basis.T)
        return np.concatenate(found).astype(np.float32)
