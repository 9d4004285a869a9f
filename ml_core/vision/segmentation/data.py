"""Images with maps of classes as training data: placed on the canvas, changed from a seed, kept in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torchvision import tv_tensors

from ml_core.data.augment import AugmentOp, apply_seeded, build_transform
from ml_core.run.context import RunContext
from ml_core.vision.detection.canvas import Canvas
from ml_core.vision.image_data import decode_all
from ml_core.vision.segmentation.truth import UNKNOWN, LabelledImage, Map, SemanticTruth


class MapBatch(NamedTuple):
    """Some images with their maps.

    Attributes:
        pixels: uint8 (N, 3, H, W).
        maps: int16 (N, H, W) class of each pixel, `UNKNOWN` where nobody can say and beside the image.
        indices: int64 (N,) positions of the images in the data, plus the data's offset.
    """

    pixels: Tensor
    maps: Tensor
    indices: Tensor


class SegmentationData:
    """Images of one split with their maps.

    Args:
        images: In the order of the version; positions seed the random changes.
        truth: Paints their maps.
        root: Folder that paths are relative to.
        canvas: The input of the network.
        augment: Random operations on the canvas; none for validation.
        seed: Seed of the run.
        offset: Added to positions in batches, so that images of several splits can be told apart.
    """

    def __init__(
        self,
        images: Sequence[LabelledImage],
        truth: SemanticTruth,
        root: Path,
        canvas: Canvas,
        augment: Sequence[AugmentOp] = (),
        seed: int = 0,
        offset: int = 0,
    ) -> None:
        self.images = images
        self._truth = truth
        self._root = root
        self._canvas = canvas
        self._seed = seed
        self._offset = offset
        # Without a random crop, which needs to know it, the size is left as it is: that of the canvas.
        crops = any(operation.op == "RandomResizedCrop" for operation in augment)
        size = (canvas.height, canvas.width) if crops else None
        self._augment = build_transform(augment, size) if augment else None
        self._cache: list[tuple[Tensor, Tensor]] | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def prefers_workers(self) -> bool:
        """Decoding always pays for other processes."""
        return self._cache is None

    @property
    def memory_bytes(self) -> int:
        """What keeping all images costs: three bytes of colour and two of class a pixel."""
        return len(self.images) * self._canvas.height * self._canvas.width * 5

    def keep_in_memory(self, run: RunContext, stage: str) -> None:
        """Decode all images now, on all cores, with progress.

        Raises:
            FormatError: An image cannot be decoded.
            RunPaused: The user wants a pause; nothing is lost.
            RunStopped: The user wants to stop.
        """
        self._cache = decode_all(run, len(self.images), self._decode, stage)

    def _decode(self, index: int) -> tuple[Tensor, Tensor]:
        """An image and its map on the canvas."""
        image = self.images[index]
        pixels, _ = self._canvas.place(self._root / image.item.path)
        return pixels, torch.from_numpy(place_map(self._truth.paint(image), self._canvas))

    def sample(self, index: int, epoch: int) -> tuple[Tensor, Tensor]:
        """Pixels and map of one image as the network sees them in an epoch."""
        pixels, classes = self._decode(index) if self._cache is None else self._cache[index]
        if self._augment is None:
            return pixels, classes
        transform = self._augment
        # What an operation fills with its zero is unknown, not background.
        marked = tv_tensors.Mask(classes - UNKNOWN)
        image, moved = apply_seeded(
            lambda sample: transform(*sample), (tv_tensors.Image(pixels), marked),  # type: ignore[arg-type]
            seed=self._seed, epoch=epoch, index=index,
        )  # fmt: skip
        return image.as_subclass(Tensor), moved.as_subclass(Tensor) + UNKNOWN

    def batch(self, indices: Sequence[int], epoch: int) -> MapBatch:
        """See `MapBatch`."""
        pixels, maps = zip(*(self.sample(index, epoch) for index in indices), strict=True)
        rows = torch.as_tensor(indices, dtype=torch.int64) + self._offset
        return MapBatch(torch.stack(pixels), torch.stack(maps), rows)

    def item_name(self, index: int) -> str:
        """The path, relative to the folder of the images."""
        return self.images[index].item.path


def place_map(classes: Map, canvas: Canvas) -> Map:
    """A map of an image on the canvas, `UNKNOWN` beside the image."""
    inner_width, inner_height = canvas.placed(classes.shape[1], classes.shape[0])
    placed = np.full((canvas.height, canvas.width), UNKNOWN, dtype=np.int16)
    placed[:inner_height, :inner_width] = resample(classes, inner_height, inner_width)
    return placed


def resample(classes: Map, height: int, width: int) -> Map:
    """A map of another size; a pixel has the class that lies at its centre."""
    rows, columns = (
        ((np.arange(wanted) + 0.5) * given / wanted).astype(np.int64)
        for wanted, given in zip((height, width), classes.shape, strict=True)
    )
    resampled: Map = classes[rows[:, None], columns[None, :]]
    return resampled
