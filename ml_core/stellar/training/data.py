"""Stars as batches, straight from the arrays of a survey."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

#: Arrays of a survey by the name that a classifier's ``forward`` has for them.
COLUMNS: Final[Mapping[str, str]] = {
    "flux": "flux", "ivar": "ivar", "image": "image", "photometry": "magnitudes", "has_spectrum": "has_spectrum",
    "has_image": "has_image", "label": "label",
}  # fmt: skip
_KEPT_IN_MEMORY_BYTES: Final = 2 * 2**30
_BLOCK: Final = 512
Prepare = Callable[[dict[str, Tensor]], dict[str, Tensor]]


class StarData:
    """Some rows of a survey's arrays, gone through one or several times in an epoch.

    Rows are copied into memory when they are few enough; otherwise each batch reads them from the mapped files. What a
    batch holds is the same. Nothing is drawn here: the model changes whole batches on its device.

    Args:
        arrays: As `Survey.arrays` gives them.
        rows: Which stars.
        passes: How often each is looked at in an epoch.
        prepare: What the model does to every star before anything random; done here once, not in every epoch.
    """

    prefers_workers = False

    def __init__(
        self,
        arrays: Mapping[str, NDArray[Any]],
        rows: NDArray[np.int64],
        *,
        passes: int = 1,
        prepare: Prepare | None = None,
    ) -> None:
        self._rows, self._passes = rows, passes
        self._arrays = arrays
        needed = sum(arrays[source][:1].nbytes for source in COLUMNS.values()) * len(rows)
        self._kept: dict[str, Tensor] | None = None
        if prepare is not None or needed <= _KEPT_IN_MEMORY_BYTES:
            blocks = [self._read(rows[start : start + _BLOCK]) for start in range(0, len(rows), _BLOCK)]
            ready = [prepare(block) if prepare else block for block in blocks]
            self._kept = {name: torch.cat([block[name] for block in ready]) for name in COLUMNS}

    def __len__(self) -> int:
        return len(self._rows) * self._passes

    def batch(self, indices: Sequence[int], epoch: int) -> dict[str, Tensor]:
        """Arguments of a classifier and the labels, prepared where that was asked for."""
        places = np.asarray(indices, np.int64) % len(self._rows)
        if self._kept is not None:
            chosen = torch.from_numpy(places)
            return {name: column.index_select(0, chosen) for name, column in self._kept.items()}
        return self._read(self._rows[places])

    def item_name(self, index: int) -> str:
        """Name of the star."""
        return f"star {self._arrays['name'][self._rows[index % len(self._rows)]]}"

    def _read(self, rows: NDArray[np.int64]) -> dict[str, Tensor]:
        return {
            name: torch.from_numpy(np.ascontiguousarray(self._arrays[source][rows])) for name, source in COLUMNS.items()
        }


def passes_for(stars: int, batch_size: int, steps: int) -> int:
    """How often to go through ``stars`` in an epoch so that it has at least ``steps`` batches; once at the least."""
    return max(1, -(-steps * batch_size // stars))
