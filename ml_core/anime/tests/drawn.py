"""Drawn characters: a face with hair, eyes and a collar in colours of its own, on changing grounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

HAIR = [(220, 60, 70), (70, 90, 210), (60, 170, 90), (240, 200, 60), (170, 80, 190), (60, 60, 70)]
EYES = [(30, 120, 60), (160, 40, 40), (90, 60, 160), (40, 90, 180), (200, 120, 20), (20, 20, 20)]
NAMES = ["aoi", "小花", "chika mori", "Дана", "emi", "fuu"]


def draw_face(character: int, seed: int, size: int = 96) -> Image.Image:
    """One picture; places, ground and light follow from the seed."""
    rng = np.random.default_rng([character, seed])
    ground = tuple(int(value) for value in rng.integers(120, 255, 3))
    image = Image.new("RGB", (size, size), ground)
    draw = ImageDraw.Draw(image)
    x, y = (size / 2 + rng.uniform(-0.08, 0.08, 2) * size).tolist()
    r = size * rng.uniform(0.28, 0.36)
    hair, eyes = HAIR[character], EYES[character]
    draw.rectangle([x - r, y + 0.7 * r, x + r, size], fill=eyes)
    draw.ellipse([x - 1.2 * r, y - 1.2 * r, x + 1.2 * r, y + r], fill=hair)
    draw.ellipse([x - 0.8 * r, y - 0.5 * r, x + 0.8 * r, y + 1.1 * r], fill=(250, 220, 200))
    if character % 2:
        draw.polygon([(x - r, y), (x, y - r), (x + r, y)], fill=hair)
    for side in (-1, 1):
        cx = x + side * 0.35 * r
        draw.ellipse([cx - 0.15 * r, y + 0.1 * r, cx + 0.15 * r, y + 0.5 * r], fill=eyes)
    noisy = np.asarray(image, dtype=np.float64) * rng.uniform(0.85, 1.1) + rng.normal(0, 6, (size, size, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def draw_collection(folder: Path, characters: int = 4, pictures: int = 10, first: int = 0) -> Path:
    """A folder with one folder for each character."""
    for character in range(characters):
        place = folder / NAMES[character]
        place.mkdir(parents=True)
        for number in range(first, first + pictures):
            draw_face(character, number).save(place / f"{number:02d}.png")
    return folder
