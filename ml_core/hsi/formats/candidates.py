"""Which array of a file could be what: the reading of an array as cube or mask, with score and evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from ml_core.hsi.formats.scene_file import SceneFile
from ml_core.hsi.formats.stored import StoredArray

#: Below this score a reading is a guess, and a person must say what it is.
CERTAIN: Final = 0.5

Role = Literal["cube", "mask"]


@dataclass(frozen=True)
class Found:
    """An array and the file that it lies in; ``file`` is the file's name for people and choices."""

    file: str
    source: SceneFile
    stored: StoredArray


@dataclass(frozen=True)
class Candidate:
    """One reading of an array.

    Attributes:
        found: The array.
        role: What it is read as.
        axis_order: Its axes in the file's order: ``HWB``, ``BHW``... for a cube, ``HW`` or ``WH`` for a mask.
        score: From 0 to 1; sure from `CERTAIN` on.
        evidence: Sentences for people: what speaks for this reading, and what against it.
        warnings: What works but is likely not meant, and what is changed on the way.
        alternatives: Orders of the axes that are possible, most likely first, with their share of the evidence.
        values: Different values of a mask, where they are few.
    """

    found: Found
    role: Role
    axis_order: str
    score: float
    evidence: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, float], ...] = ()
    values: tuple[float, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON for pages and the API."""
        stored = self.found.stored
        return {
            "file": self.found.file, "key": stored.key, "role": self.role, "shape": list(stored.shape),
            "dtype": str(stored.dtype), "axis_order": self.axis_order, "score": round(self.score, 3),
            "evidence": list(self.evidence), "warnings": list(self.warnings), "bytes": stored.nbytes,
            "values": list(self.values), "mappable": stored.is_mappable, "format": self.found.source.format,
            "axis_orders": [{"order": order, "score": round(share, 3)} for order, share in self.alternatives],
        }  # fmt: skip


def shape_text(shape: tuple[int, ...]) -> str:
    """``100 x 100 x 205``."""
    return " x ".join(f"{length:,}" for length in shape) or "single value"


def cube_size(cube: Candidate) -> tuple[int, int, int]:
    """Rows, columns, bands."""
    height, width, bands = (cube.found.stored.shape[cube.axis_order.index(letter)] for letter in "HWB")
    return height, width, bands
