"""How a trained generator answers: images by seed, each with what the second classifier says of it."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from ml_core.anime.generate.delivery import TASK
from ml_core.anime.generate.request import PaintRequest, read_request
from ml_core.anime.generate.sampler import Sampler
from ml_core.run.predictor import predictor

_RECORD_BYTES: Final = 64 * 1024  # requests are stacked, so all have one length; JSON ends before the zeros
_DIGITS: Final = 6


@predictor(TASK)
class GeneratorPredictor:
    """Answers with PNG images, how sure the second classifier is of each, and the training image it is most like."""

    def __init__(self) -> None:
        self._sampler: Sampler | None = None

    def load(self, folder: Path, device: str) -> None:
        """Read a weight folder. Painting a few images takes the CPU less time than moving them would.

        Raises:
            WeightFileError: The folder is incomplete or damaged.
        """
        self._sampler = Sampler(folder)

    def preprocess(self, content: bytes) -> Tensor:
        """A packed request (see `pack_request`) as bytes of uint8.

        Raises:
            FormatError: It cannot be fulfilled.
            RecogniserError: ``anime.no_such_character``.
        """
        assert self._sampler is not None
        self._sampler.check(read_request(content).character)
        record = torch.from_numpy(np.frombuffer(content, np.uint8).copy())
        return functional.pad(record, (0, _RECORD_BYTES - len(record)))

    def forward(self, batch: Tensor) -> list[tuple[PaintRequest, Tensor]]:
        """Requests (N, bytes) to what was asked for and the images."""
        return [self._painted(bytes(row.numpy()).rstrip(b"\0")) for row in batch]

    def postprocess(self, row: tuple[PaintRequest, Tensor]) -> dict[str, Any]:
        """One answer as JSON."""
        assert self._sampler is not None
        request, images = row
        seen = self._sampler.look(images)
        return {
            "character": request.character,
            "truncation": request.truncation,
            "images": [
                {
                    "seed": request.seeds[0] if request.steps else request.seeds[place],
                    "seed_to": request.seeds[1] if request.steps else None,
                    "share": round(place / (request.steps - 1), _DIGITS) if request.steps else None,
                    "png": _as_png(images[place]),
                    "confidence": round(confidence, _DIGITS),
                    "agreed": agreed,
                    "nearest": {"path": near.path, "distance": near.distance, "is_copy": near.is_copy},
                }
                for place, (confidence, agreed, near) in enumerate(seen)
            ],
        }

    def _painted(self, content: bytes) -> tuple[PaintRequest, Tensor]:
        assert self._sampler is not None
        request = read_request(content)
        if request.steps:
            first, second = request.seeds
            images = self._sampler.interpolate(first, second, request.steps, request.truncation)
        else:
            images = self._sampler.images(request.character, request.seeds, request.truncation)
        return request, images


def _as_png(image: Tensor) -> str:
    stream = io.BytesIO()
    Image.fromarray(image.permute(1, 2, 0).contiguous().numpy()).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()
