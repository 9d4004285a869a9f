"""A sheet of samples: images in rows and columns without gaps."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image
from torch import Tensor

COLUMNS: Final = 8


def write_sheet(samples: Tensor, path: Path) -> None:
    """Write (N, 3, S, S) uint8 as PNG, `COLUMNS` in a row; images that do not fill a row are left out."""
    size = samples.shape[-1]
    columns = min(COLUMNS, len(samples))
    rows = len(samples) // columns
    grid = samples[: rows * columns].view(rows, columns, 3, size, size).permute(0, 3, 1, 4, 2)
    part = path.with_suffix(".part")  # a kill must not leave half a sheet under the final name
    Image.fromarray(grid.reshape(rows * size, columns * size, 3).contiguous().numpy()).save(part, "PNG")
    part.replace(path)
