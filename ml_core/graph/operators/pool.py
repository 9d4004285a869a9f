"""Poolings: fixed windows and adaptive ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from ml_core.graph.expression import Code, call, compact
from ml_core.graph.operator import Inputs, Operator, Window
from ml_core.graph.operators.conv import too_small
from ml_core.graph.params import Param, Params, flag, size
from ml_core.graph.tensor import Tensor, window_size


def _pool_params(axes: int) -> tuple[Param, ...]:
    return (
        size("kernel_size", axes, 2, 1, 1_024, "Size of the window."),
        size("stride", axes, None, 1, 1_024, "Step of the window; null means kernel_size.", nullable=True),
        size("padding", axes, 0, 0, 512, "Rows added on each side; at most half of kernel_size."),
        flag("ceil_mode", False, "Keep a last, partial window."),
    )


class _Pool(Operator):
    category = "pooling"
    axes: ClassVar[int]
    function: ClassVar[str]

    def check(self, p: Params) -> Iterator[tuple[str, str, str]]:
        if any(2 * pad > kernel for pad, kernel in zip(p.size("padding"), p.size("kernel_size"), strict=True)):
            yield (
                "padding",
                f"padding = {p.size('padding')} is more than half of kernel_size = {p.size('kernel_size')}",
                "Use at most kernel_size // 2.",
            )

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        x, ceil_mode = inputs.x, p.bool("ceil_mode")
        windows = zip(x.spatial, p.size("kernel_size"), self._stride(p), p.size("padding"), strict=True)
        spatial = tuple(window_size(*window, ceil_mode=ceil_mode) for window in windows)
        if min(spatial) < 1:
            raise too_small(self.name, x, p.size("kernel_size"))
        return x.with_shape(x.channels, *spatial)

    def window(self, p: Params, inputs: Inputs) -> Window:
        return Window(p.size("kernel_size"), self._stride(p))

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        stride = p["stride"] if p["stride"] != p.size("kernel_size") else None
        return call(
            f"F.{self.function}_pool{self.axes}d",
            args[0],
            compact(p.size("kernel_size")),
            stride=(stride, None),
            padding=(p.size("padding"), 0),
            ceil_mode=(p.bool("ceil_mode"), False),
            **self._extra(p),
        )

    def _extra(self, p: Params) -> dict[str, tuple[bool, bool]]:
        return {}

    def _stride(self, p: Params) -> tuple[int, ...]:
        stride: tuple[int, ...] | None = p["stride"]
        return p.size("kernel_size") if stride is None else stride


class _AveragePool(_Pool):
    function = "avg"

    def _extra(self, p: Params) -> dict[str, tuple[bool, bool]]:
        return {"count_include_pad": (p.bool("count_include_pad"), True)}


_INCLUDE_PAD = flag("count_include_pad", True, "Count the padding as zeros in the mean.")


class MaxPool1d(_Pool):
    """Largest value of each window along one axis."""

    title = "Max pooling 1D"
    description = "Keeps the largest value of each window along a sequence."
    axes, function, ranks, layout = 1, "max", (3,), "(N, C, L)"
    params = _pool_params(1)


class MaxPool2d(_Pool):
    """Largest value of each window of an image."""

    title = "Max pooling 2D"
    description = "Keeps the largest value of each window; 2 x 2 halves the resolution."
    axes, function, ranks, layout = 2, "max", (4,), "(N, C, H, W)"
    params = _pool_params(2)


class AvgPool1d(_AveragePool):
    """Mean of each window along one axis."""

    title = "Average pooling 1D"
    description = "Takes the mean of each window along a sequence."
    axes, ranks, layout = 1, (3,), "(N, C, L)"
    params = (*_pool_params(1), _INCLUDE_PAD)


class AvgPool2d(_AveragePool):
    """Mean of each window of an image."""

    title = "Average pooling 2D"
    description = "Takes the mean of each window; 2 x 2 halves the resolution."
    axes, ranks, layout = 2, (4,), "(N, C, H, W)"
    params = (*_pool_params(2), _INCLUDE_PAD)


class _AdaptivePool2d(Operator):
    category = "pooling"
    ranks = (4,)
    layout = "(N, C, H, W)"
    function: ClassVar[str]
    params = (size("output_size", 2, 1, 1, 4_096, "Height and width of the result; 1 pools the whole map."),)

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        return inputs.x.with_shape(inputs.x.channels, *p.size("output_size"))

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        return call(f"F.adaptive_{self.function}_pool2d", args[0], compact(p.size("output_size")))


class AdaptiveAvgPool2d(_AdaptivePool2d):
    """Mean over a grid of fixed size."""

    title = "Adaptive average pooling 2D"
    description = "Averages a map of any size down to a fixed size; 1 x 1 is global average pooling."
    function = "avg"


class AdaptiveMaxPool2d(_AdaptivePool2d):
    """Largest value over a grid of fixed size."""

    title = "Adaptive max pooling 2D"
    description = "Keeps the largest values of a map of any size, on a grid of fixed size."
    function = "max"


OPERATORS = (MaxPool1d, MaxPool2d, AvgPool1d, AvgPool2d, AdaptiveAvgPool2d, AdaptiveMaxPool2d)
