"""Writes the drawn collection as people bring one: folders, sources, captions, and faults to be found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ml_core.anime.collection.sources import MANIFEST
from ml_core.anime.sample.cast import CAST, Looks
from ml_core.anime.sample.drawing import STYLES, a_moment, draw
from ml_core.run.files import sync_folder

CAPTIONS: Final = "captions.json"
_ENDINGS: Final = {"ink": "png", "pastel": "webp", "screen": "jpg"}
Progress = Callable[[int, int], None]


def write_sample(folder: Path, *, images: int, height: int, seed: int, progress: Progress) -> None:
    """Draw everybody; a folder that is there already is whole and stays.

    The faults in it: an image twice, one under a wrong name, one whose name lies about its format, a text file.

    Args:
        folder: Where to.
        images: Of each character.
        height: In pixels.
        seed: Decides everything.
        progress: Called with images done and all.
    """
    if folder.is_dir():
        return
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    rows = []
    for number, looks in enumerate(CAST):
        (partial / looks.name).mkdir()
        for at in range(images):
            rng = np.random.default_rng([seed, number, at])
            style = STYLES[at % len(STYLES)]
            name = f"{looks.name}/{at:03d}.{_ENDINGS[style]}"
            _save(draw(looks, a_moment(style, rng), height, rng), partial / name)
            rows.append({"path": name, "source": style})
            progress(number * images + at + 1, len(CAST) * images)
    rows += _plant_faults(partial, CAST[0], CAST[2])
    (partial / MANIFEST).write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    captions = {looks.name: {"full": looks.full, "partial": looks.partial, "variants": []} for looks in CAST}
    (partial / CAPTIONS).write_text(json.dumps(captions, ensure_ascii=False, indent=1), encoding="utf-8")
    partial.rename(folder)
    sync_folder(folder.parent)


def _save(image: Image.Image, path: Path) -> None:
    image.save(path, quality=90) if path.suffix != ".png" else image.save(path)


def _plant_faults(folder: Path, one: Looks, other: Looks) -> list[dict[str, str]]:
    shutil.copyfile(folder / one.name / "000.png", folder / one.name / "copy of 000.png")
    shutil.copyfile(folder / other.name / "001.webp", folder / one.name / "filed wrongly.webp")
    shutil.copyfile(folder / other.name / "000.png", folder / other.name / "really a png.jpg")
    (folder / other.name / "notes.txt").write_text("A text among the images is left aside.\n", encoding="utf-8")
    return [
        {"path": f"{one.name}/copy of 000.png", "source": "ink"},
        {"path": f"{one.name}/filed wrongly.webp", "source": "pastel"},
        {"path": f"{other.name}/really a png.jpg", "source": "ink"},
    ]
