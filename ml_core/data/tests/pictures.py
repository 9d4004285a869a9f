"""Images and folders made in memory for tests: no binary fixtures."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def picture(size: tuple[int, int] = (24, 16), mode: str = "RGB", seed: int = 0) -> Image.Image:
    """Random pixels in blocks, so that a lossy format keeps them roughly."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)
    return image.convert(mode)


def encoded(image: Image.Image, image_format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def jpeg_with_orientation(value: int, size: tuple[int, int] = (24, 16), kind: int = 3) -> bytes:
    """A JPEG whose EXIF says ``value``; ``kind`` 3 is a 16-bit entry, 4 a 32-bit one that can hold 65537."""
    packed = struct.pack("<HH", value, 0) if kind == 3 else struct.pack("<I", value)
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHI", 0x0112, kind, 1) + packed + b"\0\0\0\0"
    return encoded(picture(size), "JPEG", exif=exif)


def flood_png(width: int, height: int) -> bytes:
    """A small PNG that claims ``width`` x ``height`` grey pixels and really inflates to a part of them."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (width + 1) * min(height, 200), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def animated_gif(frames: int = 3) -> bytes:
    first, *rest = [picture(seed=seed) for seed in range(frames)]
    return encoded(first, "GIF", save_all=True, append_images=rest, duration=40)


def write_image(path: Path, *, seed: int = 0, size: tuple[int, int] = (24, 16), image_format: str = "PNG") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(picture(size, seed=seed), image_format))
    return path


def image_folder(root: Path, classes: dict[str, int], *, split: str = "") -> Path:
    """``root/[split/]class/000.png``: different pixels in each file of a tree."""
    number = sum(1 for _ in root.rglob("*.png")) if root.exists() else 0
    for name, count in classes.items():
        folder = root / split / name
        folder.mkdir(parents=True, exist_ok=True)
        for index in range(count):
            write_image(folder / f"{index:03d}.png", seed=number)
            number += 1
    return root
