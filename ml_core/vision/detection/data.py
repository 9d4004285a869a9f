"""Images with boxes as training data: placed on the canvas, changed from a seed of their own, kept in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ml_core.data.augment import AugmentOp, build_transform
from ml_core.data.augment_labels import augment_labelled
from ml_core.run.context import RunContext
from ml_core.run.seeds import mix
from ml_core.vision.detection.canvas import GREY, Canvas
from ml_core.vision.detection.mosaic import mosaic
from ml_core.vision.detection.truth import LabelledImage
from ml_core.vision.image_data import decode_all

_PARTS = 4


class BoxBatch(NamedTuple):
    """Some images with all their boxes.

    Attributes:
        pixels: uint8 (N, 3, H, W).
        boxes: float32 (M, 4) corners in pixels of the canvas, image after image.
        labels: int64 (M,) classes.
        counts: int64 (N,) how many of the boxes belong to each image.
        indices: int64 (N,) positions of the images in the data, plus the data's offset.
    """

    pixels: Tensor
    boxes: Tensor
    labels: Tensor
    counts: Tensor
    indices: Tensor


class DetectionData:
    """Images of one split with their boxes.

    Args:
        images: In the order of the version; positions seed the random changes.
        root: Folder that paths are relative to.
        canvas: The input of the network.
        augment: Random operations on the canvas; none for validation.
        mosaic_share: Share of images that are put together from four.
        seed: Seed of the run.
        offset: Added to positions in batches, so that images of several splits can be told apart.
    """

    def __init__(
        self,
        images: Sequence[LabelledImage],
        root: Path,
        canvas: Canvas,
        augment: Sequence[AugmentOp] = (),
        mosaic_share: float = 0.0,
        seed: int = 0,
        offset: int = 0,
    ) -> None:
        self.images = images
        self._root = root
        self._canvas = canvas
        self._mosaic_share = mosaic_share
        self._seed = seed
        self._offset = offset
        # Without a random crop, which needs to know it, the size is left as it is: that of the canvas.
        crops = any(operation.op == "RandomResizedCrop" for operation in augment)
        size = (canvas.height, canvas.width) if crops else None
        self._augment = build_transform(augment, size) if augment else None
        self._cache: list[Tensor] | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def prefers_workers(self) -> bool:
        """Decoding always pays for other processes."""
        return self._cache is None

    @property
    def memory_bytes(self) -> int:
        """What keeping all images costs."""
        return len(self.images) * self._canvas.height * self._canvas.width * 3

    def keep_in_memory(self, run: RunContext, stage: str) -> None:
        """Decode all images now, on all cores, with progress.

        Raises:
            FormatError: An image cannot be decoded.
            RunPaused: The user wants a pause; nothing is lost.
            RunStopped: The user wants to stop.
        """
        self._cache = decode_all(run, len(self.images), self._decode, stage)

    def _decode(self, index: int) -> Tensor:
        """An image on the canvas, grey where nobody can say what there is."""
        item, truth = self.images[index].item, self.images[index].truth
        pixels, _ = self._canvas.place(self._root / item.path)
        if truth.ignored.any():
            hidden = torch.zeros(pixels.shape[-2:], dtype=torch.bool)
            corners = self._canvas.onto(truth.boxes, item.width, item.height).round().astype(int)
            for (left, top, right, bottom), ignored in sorted(
                zip(corners.tolist(), truth.ignored.tolist(), strict=True), key=lambda entry: not entry[1]
            ):
                hidden[top:bottom, left:right] = ignored
            pixels[:, hidden] = GREY
        return pixels

    def _labelled(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        """Pixels, boxes on the canvas and labels of an image as it is."""
        item, truth = self.images[index].item, self.images[index].truth
        pixels = self._decode(index) if self._cache is None else self._cache[index]
        rows = truth.objects
        boxes = self._canvas.onto(truth.boxes[rows], item.width, item.height)
        return pixels, torch.from_numpy(boxes).float(), torch.from_numpy(truth.labels[rows])

    def sample(self, index: int, epoch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Pixels, boxes and labels of one image as the network sees them in an epoch."""
        pixels, boxes, labels = self._labelled(index)
        if self._mosaic_share:
            generator = torch.Generator().manual_seed(mix(self._seed, "mosaic", epoch, index))
            if float(torch.rand(1, generator=generator)) < self._mosaic_share:
                others = torch.randint(len(self.images), (_PARTS - 1,), generator=generator).tolist()
                parts = [(pixels, boxes, labels), *(self._labelled(other) for other in others)]
                pixels, boxes, labels = mosaic(parts, generator)
        if self._augment is not None:
            pixels, boxes, kept = augment_labelled(
                self._augment, pixels, boxes, seed=self._seed, epoch=epoch, index=index
            )
            labels = labels[kept]
        return pixels, boxes, labels

    def batch(self, indices: Sequence[int], epoch: int) -> BoxBatch:
        """See `BoxBatch`."""
        pixels, boxes, labels = zip(*(self.sample(index, epoch) for index in indices), strict=True)
        counts = torch.tensor([len(rows) for rows in labels], dtype=torch.int64)
        rows = torch.as_tensor(indices, dtype=torch.int64) + self._offset
        return BoxBatch(torch.stack(pixels), torch.cat(boxes).float(), torch.cat(labels), counts, rows)

    def item_name(self, index: int) -> str:
        """The path, relative to the folder of the images."""
        return self.images[index].item.path
