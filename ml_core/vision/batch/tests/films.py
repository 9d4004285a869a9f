"""Small videos of a red block that moves, and a predictor that tells where red begins."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, ClassVar

import av
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ml_core.data.annotations.rle import encode_mask
from ml_core.data.decode import load_image
from ml_core.errors import FormatError

WIDTH, HEIGHT, STEP = 96, 64, 2


def make_film(path: Path, *, codec: str = "mpeg4", frames: int = 20, rate: int = 10) -> Path:
    """Frame ``n`` shows a red block whose left edge is at ``STEP * n``."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 2_000_000
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(_pixels(STEP * number), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def picture(left: int) -> bytes:
    """A still of the same kind."""
    stream = io.BytesIO()
    Image.fromarray(_pixels(left)).save(stream, "PNG")
    return stream.getvalue()


def _pixels(left: int) -> NDArray[np.uint8]:
    pixels = np.full((HEIGHT, WIDTH, 3), 30, np.uint8)
    pixels[16:48, left : left + 24] = (230, 30, 30)
    return pixels


class RedPainter:
    """Answers with a mask of what is red."""

    def load(self, folder: Path, device: str) -> None:
        """Nothing to load."""

    def preprocess(self, content: bytes) -> Tensor:
        """The red channel."""
        return torch.from_numpy(np.asarray(load_image(content))[..., 0].copy())

    def forward(self, batch: Tensor) -> list[Tensor]:
        """Maps of one class, as a list."""
        return list(batch > 150)

    def postprocess(self, row: Tensor) -> dict[str, Any]:
        """One mask."""
        counts = encode_mask(row.numpy()).tolist()
        masks = [{"class": "red", "index": 0, "share": float(row.float().mean()), "counts": counts}]
        return {"masks": masks, "mask_size": list(row.shape), "width": row.shape[1], "height": row.shape[0]}


class RedFinder:
    """Answers with one box around what is red; counts how many pictures it has seen."""

    seen: ClassVar[int] = 0
    break_after: ClassVar[int | None] = None

    def load(self, folder: Path, device: str) -> None:
        """Nothing to load."""

    def preprocess(self, content: bytes) -> Tensor:
        """The red channel."""
        image = load_image(content)
        if image.size != (WIDTH, HEIGHT):
            raise FormatError("Another size.", code="image.other")
        return torch.from_numpy(np.asarray(image)[..., 0].copy())

    def forward(self, batch: Tensor) -> Tensor:
        """The first and last column with red, one row a picture."""
        kind = type(self)
        if kind.break_after is not None and kind.seen + len(batch) > kind.break_after:
            raise KeyboardInterrupt  # what a killed process leaves is what was flushed
        kind.seen += len(batch)
        columns = (batch > 150).any(1)
        first = columns.float().argmax(1)
        return torch.stack([first, first + columns.sum(1)], 1)

    def postprocess(self, row: Tensor) -> dict[str, Any]:
        """Two boxes: a sure one and one that hardly counts."""
        left, right = (float(value) for value in row)
        boxes = [
            {"box": [left, 16.0, right, 48.0], "class": "red", "index": 0, "probability": 0.9},
            {"box": [0.0, 0.0, 5.0, 5.0], "class": "dark", "index": 1, "probability": 0.2},
            {"box": [0.0, 0.0, 4.0, 4.0], "class": "dark", "index": 1, "probability": 0.01},
        ]
        return {"boxes": boxes, "width": WIDTH, "height": HEIGHT, "threshold": 0.5}
