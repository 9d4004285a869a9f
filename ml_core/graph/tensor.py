"""Shapes without tensors: the batch axis stays symbolic, every other axis is a number."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Dtype = Literal["float32", "int64", "boxes"]
BATCH = "N"
ITEM_BYTES: dict[str, int] = {"float32": 4, "int64": 8, "boxes": 4}
# Far beyond any machine's memory; keeps the arithmetic of a hostile graph in small integers.
MAX_ELEMENTS = 2**40


@dataclass(frozen=True, slots=True)
class Tensor:
    """Shape and type of one value in the graph.

    Attributes:
        shape: Axes after the batch axis: ``(3, 64, 64)`` stands for ``(N, 3, 64, 64)``.
        dtype: ``float32``, ``int64`` for token ids, or ``boxes``: rows of corners, score and class.
    """

    shape: tuple[int, ...]
    dtype: Dtype = "float32"

    @property
    def rank(self) -> int:
        """Number of axes, the batch axis included (as torch counts them)."""
        return len(self.shape) + 1

    @property
    def elements(self) -> int:
        """Elements of one sample."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Bytes of one sample."""
        return self.elements * ITEM_BYTES[self.dtype]

    @property
    def channels(self) -> int:
        """Size of axis 1."""
        return self.shape[0]

    @property
    def spatial(self) -> tuple[int, ...]:
        """Axes after the channels."""
        return self.shape[1:]

    @property
    def last(self) -> int:
        """Size of the last axis."""
        return self.shape[-1]

    def with_shape(self, *shape: int) -> Tensor:
        """Another shape of the same type."""
        return Tensor(shape, self.dtype)

    def axes(self, batch: int | None = None) -> list[int | str]:
        """The whole shape, for JSON: the batch axis is ``"N"`` unless a number is given."""
        return [BATCH if batch is None else batch, *self.shape]

    def __iter__(self) -> Iterator[int]:
        return iter(self.shape)

    def __str__(self) -> str:
        return "(" + ", ".join(str(axis) for axis in self.axes()) + ("" if self.shape else ",") + ")"


class ShapeFault(Exception):
    """An operator cannot take the shapes that arrive. Becomes a `Finding`; never leaves this package."""

    def __init__(self, message: str, hint: str, *, port: str = "in", code: str = "graph.shape") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.port = port
        self.code = code


def window_size(size: int, kernel: int, stride: int, padding: int, dilation: int = 1, ceil_mode: bool = False) -> int:
    """Output size of a convolution or pooling window along one axis, as torch computes it.

    With ``ceil_mode`` a last window that would start in the right padding is dropped (the rule of torch's pooling).
    """
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    out = (span + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (out - 1) * stride >= size + padding:
        out -= 1
    return out
