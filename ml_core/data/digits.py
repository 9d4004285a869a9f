"""Real handwriting for a first try: scikit-learn's digits as an image folder with given splits.

1,797 grey digits of 8 x 8 pixels, written by 43 people (E. Alpaydin, C. Kaynak 1998, UCI Machine Learning Repository,
CC BY 4.0). They come with scikit-learn, so nothing is downloaded.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ml_core.data.formats.base import Split

SIDE: Final = 32
_CYCLE: Final[tuple[Split, ...]] = ("train",) * 8 + ("val", "test")


def write_digits(root: Path, *, per_class: int | None = None) -> int:
    """Write ``root/{train,val,test}/{0..9}/NNNN.png``; ``root`` appears when everything is written.

    The digits are enlarged to 32 x 32 so that people can see them and a LeNet takes them. Of each class, every tenth
    image is for validation and every tenth for the test.

    Args:
        root: Folder to make; an existing one is left as it is.
        per_class: Only the first so many of each class.

    Returns:
        Number of images in the folder.
    """
    if root.exists():
        return sum(1 for _ in root.rglob("*.png"))
    from sklearn.datasets import load_digits  # slow to import, and nobody else here needs it

    digits = load_digits()
    partial = root.with_name(f".{root.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    seen: Counter[int] = Counter()
    for pixels, label in zip(digits.images, digits.target.tolist(), strict=True):
        if per_class is not None and seen[label] >= per_class:
            continue
        folder = partial / _CYCLE[seen[label] % len(_CYCLE)] / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray((pixels * (255 / 16)).round().astype(np.uint8))
        small.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(folder / f"{seen[label]:04d}.png")
        seen[label] += 1
    partial.rename(root)
    return seen.total()
