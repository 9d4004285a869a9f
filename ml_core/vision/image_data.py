"""Labelled images as training data: decoded, augmented from a seed of their own, kept in memory where they fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from ml_core.data.augment import AugmentOp, apply_seeded, build_transform
from ml_core.data.augment_operations import RandomResizedCrop
from ml_core.data.decode import load_image
from ml_core.data.manifest import Item
from ml_core.engine.device import available_cores
from ml_core.run.context import RunContext
from ml_core.vision.preparation import Preparation, Resizer, pixels_of

ImageBatch = tuple[Tensor, Tensor, Tensor]
Decoded = TypeVar("Decoded")

_WORTH_WORKERS = 20_000  # augmented images in memory: below this, starting workers costs more than it saves


class ImageData:
    """Images of one split.

    A batch is (pixels, labels, indices): uint8 (N, C, H, W), int64 (N,), int64 (N,). Pixels stay bytes until they
    are on the device, which is a quarter of the traffic.

    Args:
        items: Images in the order of the manifest; positions in it seed the augmentation.
        root: Folder that paths are relative to.
        preparation: Size and colour space.
        augment: Random operations; none for validation.
        seed: Seed of the run.
    """

    def __init__(
        self,
        items: Sequence[Item],
        root: Path,
        preparation: Preparation,
        augment: Sequence[AugmentOp] = (),
        seed: int = 0,
    ) -> None:
        self.items = items
        self._root = root
        self._preparation = preparation
        self._seed = seed
        self._labels = torch.tensor([item.label for item in items], dtype=torch.int64)
        self._resize = Resizer(preparation)
        # A random crop sets the size itself and so needs the whole image; other operations come after the resizing,
        # which is the same every time and can be kept.
        self._crops = any(isinstance(operation, RandomResizedCrop) for operation in augment)
        size = preparation.size if self._crops else None
        self._augment = build_transform(augment, size, resize=preparation.resize) if augment else None
        self._cache: Tensor | list[Tensor] | None = None

    def __len__(self) -> int:
        return len(self.items)

    @property
    def prefers_workers(self) -> bool:
        """Decoding always pays for other processes; augmenting from memory only where there is much of it."""
        if self._cache is None:
            return True
        return self._augment is not None and len(self.items) >= _WORTH_WORKERS

    @property
    def memory_bytes(self) -> int:
        """What keeping all images costs."""
        if self._crops:
            return sum(item.width * item.height for item in self.items) * self._preparation.channels
        height, width = self._preparation.size
        return len(self.items) * height * width * self._preparation.channels

    def keep_in_memory(self, run: RunContext, stage: str) -> None:
        """Decode all images now, on all cores, with progress.

        Raises:
            FormatError: An image cannot be decoded.
            RunPaused: The user wants a pause; nothing is lost.
            RunStopped: The user wants to stop.
        """
        kept = decode_all(run, len(self.items), self._decode, stage)
        self._cache = kept if self._crops else torch.stack(kept)

    def _decode(self, index: int) -> Tensor:
        path = self._root / self.items[index].path
        if self._crops:
            return pixels_of(load_image(path, self._preparation.mode))
        return self._resize(path)

    def sample(self, index: int, epoch: int) -> Tensor:
        """Pixels of one image as the network sees them in an epoch: uint8 (C, height, width)."""
        pixels = self._decode(index) if self._cache is None else self._cache[index]
        if self._augment is None:
            return pixels
        return apply_seeded(self._augment, pixels, seed=self._seed, epoch=epoch, index=index)

    def batch(self, indices: Sequence[int], epoch: int) -> ImageBatch:
        """See the class."""
        rows = torch.as_tensor(indices, dtype=torch.int64)
        if self._augment is None and isinstance(self._cache, Tensor):
            pixels = self._cache.index_select(0, rows)
        else:
            pixels = torch.stack([self.sample(index, epoch) for index in indices])
        return pixels, self._labels.index_select(0, rows), rows

    def item_name(self, index: int) -> str:
        """The path, relative to the folder of the images."""
        return self.items[index].path


class Keepable(Protocol):
    """Data that can be decoded once and kept."""

    @property
    def memory_bytes(self) -> int:
        """What keeping all images costs."""

    def __len__(self) -> int: ...

    def keep_in_memory(self, run: RunContext, stage: str) -> None:
        """Decode all images now."""


def decode_all(run: RunContext, count: int, decode: Callable[[int], Decoded], stage: str) -> list[Decoded]:
    """Decode images 0 to ``count`` on all cores, with progress.

    Raises:
        FormatError: An image cannot be decoded.
        RunPaused: The user wants a pause; nothing is lost.
        RunStopped: The user wants to stop.
    """
    kept: list[Decoded] = []
    with ThreadPoolExecutor(available_cores()) as pool:
        try:
            for pixels in pool.map(decode, range(count)):
                kept.append(pixels)
                run.progress(len(kept), count, "images", stage)
                run.raise_if_requested()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return kept


def keep_what_fits(run: RunContext, budget_mib: int, splits: Mapping[str, Keepable]) -> None:
    """Keep splits in memory, as long as the next one fits into what is left of the budget."""
    left = budget_mib * 2**20
    for name, data in splits.items():
        if len(data) and data.memory_bytes <= left:
            data.keep_in_memory(run, f"loading {name} images")
            left -= data.memory_bytes
