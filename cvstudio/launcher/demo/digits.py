"""scikit-learn's digits (8x8 scans of real handwriting, from UCI) as a zip with one folder for each class."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

SIDE = 32


def digit_pngs(per_class: int | None = None) -> list[tuple[str, bytes]]:
    """Pictures as (`7/0012.png`, PNG bytes), enlarged to 32x32 so that a person can see them.

    Args:
        per_class: At most so many of each digit; all 1,797 when None.
    """
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    counts = [0] * 10
    pictures = []
    for values, label in zip(digits.images, digits.target, strict=True):
        if per_class is not None and counts[label] >= per_class:
            continue
        pixels = np.clip(values * (255 / 16), 0, 255).astype("uint8")
        image = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC).convert("RGB")
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        pictures.append((f"{label}/{counts[label]:04d}.png", buffer.getvalue()))
        counts[label] += 1
    return pictures


def write_zip(path: Path, pictures: list[tuple[str, bytes]]) -> None:
    """Put the pictures into a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in pictures:
            archive.writestr(f"digits/{name}", content)
