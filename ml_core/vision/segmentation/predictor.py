"""How a trained network answers single images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ml_core.run.predictor import predictor
from ml_core.vision.segmentation.told import as_masks, map_of
from ml_core.vision.segmentation.weight_folder import LoadedSegmenter, load_segmenter

_SIZE_BYTES = 8


@predictor("vision.segment")
class Segmentation:
    """Answers with a mask for each class, in pixels of the upright image.

    One tensor an image goes through the batch, so the size of the image travels in a line below its pixels.
    """

    def __init__(self) -> None:
        self._segmenter: LoadedSegmenter | None = None

    def load(self, folder: Path, device: str) -> None:
        """Read a weight folder.

        Raises:
            WeightFileError: The folder is incomplete or damaged.
        """
        self._segmenter = load_segmenter(folder, torch.device(device))

    def preprocess(self, content: bytes) -> Tensor:
        """An encoded image to uint8 (3, height + 1, width) on the CPU; the last line tells its size.

        Raises:
            FormatError: It cannot be decoded.
            UnsafeFileError: It has too many pixels.
        """
        assert self._segmenter is not None
        pixels, size = self._segmenter.canvas.place(content)
        line = torch.zeros(3, 1, pixels.shape[2], dtype=torch.uint8)
        line[0, 0, :_SIZE_BYTES] = torch.from_numpy(np.array(size, dtype=">u4").view(np.uint8).copy())
        return torch.cat([pixels, line], dim=1)

    @torch.inference_mode()
    def forward(self, batch: Tensor) -> list[Tensor]:
        """uint8 (N, 3, height + 1, width) to int16 maps, each of the size of its image, on the CPU."""
        assert self._segmenter is not None
        canvas = self._segmenter.canvas
        logits = self._segmenter.logits(batch[:, :, : canvas.height])
        sizes = batch[:, 0, canvas.height, :_SIZE_BYTES].contiguous().numpy().view(">u4")
        return [
            torch.from_numpy(map_of(one, canvas, int(width), int(height)))
            for one, (width, height) in zip(logits, sizes, strict=True)
        ]

    def postprocess(self, row: Tensor) -> dict[str, Any]:
        """``{"masks": [{"class", "index", "share", "counts"}], "mask_size", "width", "height"}``; see `as_masks`."""
        assert self._segmenter is not None
        height, width = row.shape
        masks = as_masks(row.numpy(), self._segmenter.classes)
        return {"masks": masks, "mask_size": [height, width], "width": width, "height": height}
