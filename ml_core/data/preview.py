"""Pictures as training sees them: decoded, augmented by the very transform and seed, and turned back into PNG.

Importing this module is light; calling it imports torch, so it belongs into a worker.
"""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ml_core.data.augment import AugmentOp, apply_seeded, augment_source, build_transform
from ml_core.data.decode import PixelMode, load_image

#: torch's generator is one for the whole process, and a worker has threads: one preview draws at a time.
ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class PreviewSample:
    """Which draw to show: the image at ``index`` of the training list, in ``epoch``."""

    path: Path
    index: int
    epoch: int


@dataclass(frozen=True)
class PreviewOrder:
    """How to show it.

    Attributes:
        ops: The augmentation.
        size: (height, width) that the network takes; None leaves sizes as they are.
        resize: Shorter side before a centre crop; None stretches.
        mode: Channels.
        seed: The seed of the run.
    """

    ops: Sequence[AugmentOp]
    size: tuple[int, int] | None = (224, 224)
    resize: int | None = None
    mode: PixelMode = "RGB"
    seed: int = 0


def render_previews(order: PreviewOrder, samples: Sequence[PreviewSample]) -> dict[str, Any]:
    """The augmented samples as data URLs, and the transform as Python text.

    Returns:
        ``{"source": text, "samples": [{"url", "width", "height", "index", "epoch"}], "originals": {path: url}}``;
        originals went through the resize alone.

    Raises:
        FormatError: An image cannot be decoded.
        ConfigError: The operations need a size.
    """
    from torchvision.transforms.v2.functional import pil_to_tensor, to_pil_image

    transform, plain = (build_transform(ops, order.size, resize=order.resize) for ops in (order.ops, []))
    pixels = {path: pil_to_tensor(load_image(path, order.mode)) for path in {sample.path for sample in samples}}
    drawn = []
    with ONE_AT_A_TIME:
        for sample in samples:
            changed = apply_seeded(
                transform, pixels[sample.path], seed=order.seed, epoch=sample.epoch, index=sample.index
            )
            picture = to_pil_image(changed)
            drawn.append({"url": data_url(picture), "width": picture.width, "height": picture.height,
                          "index": sample.index, "epoch": sample.epoch})  # fmt: skip
    source = augment_source(order.ops, order.size, resize=order.resize)
    originals = {str(path): data_url(to_pil_image(plain(tensor))) for path, tensor in pixels.items()}
    return {"source": source, "samples": drawn, "originals": originals}


def data_url(picture: Image.Image) -> str:
    """The picture as lossless PNG in an address."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
