"""Convolutions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from ml_core.graph.expression import Code, call
from ml_core.graph.operator import Inputs, Operator, Window
from ml_core.graph.params import Param, Params, choice, flag, integer, size
from ml_core.graph.tensor import ShapeFault, Tensor, window_size

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def window_params(axes: int, kernel: int = 3) -> tuple[Param, ...]:
    """The parameters that every sliding convolution shares."""
    return (
        size("kernel_size", axes, kernel, 1, 1_024, "Size of the sliding window."),
        size("stride", axes, 1, 1, 1_024, "Step of the window. 2 halves the resolution."),
        size("padding", axes, 0, 0, 1_024, "Rows added on each side. kernel_size // 2 keeps the resolution."),
        size("dilation", axes, 1, 1, 1_024, "Gap between the taps of the window."),
    )


def out_channels(default: int = 32) -> Param:
    """The number of filters."""
    return integer("out_channels", default, 1, 65_536, "Number of filters, which is the number of output channels.")


def too_small(name: str, x: Tensor, kernel: tuple[int, ...]) -> ShapeFault:
    """A window that does not fit into its input."""
    window = " x ".join(str(item) for item in kernel)
    return ShapeFault(
        f"The window {window} of {name} does not fit into {x}.",
        "Reduce kernel_size or dilation, add padding, or use fewer downsampling layers before it.",
        code="graph.too_small",
    )


class _Convolution(Operator):
    category = "convolution"
    axes: ClassVar[int]

    def check(self, p: Params) -> Iterator[tuple[str, str, str]]:
        if p.int("out_channels") % p.int("groups"):
            yield (
                "groups",
                f"groups = {p.int('groups')} does not divide out_channels = {p.int('out_channels')}",
                "Choose groups that divide both channel counts.",
            )

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        x = inputs.x
        self._check_groups(x, p.int("groups"))
        if p.text("padding_mode") in ("reflect", "circular"):
            self._check_border(p, x)
        windows = zip(
            x.spatial, p.size("kernel_size"), p.size("stride"), p.size("padding"), p.size("dilation"), strict=True
        )
        spatial = tuple(window_size(*window) for window in windows)
        if min(spatial) < 1:
            raise too_small(self.name, x, self._reach(p))
        return x.with_shape(p.int("out_channels"), *spatial)

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        kernel = math.prod(p.size("kernel_size"))
        weight = p.int("out_channels") * inputs.x.channels // p.int("groups") * kernel
        return weight + (p.int("out_channels") if p.bool("bias") else 0)

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return output.elements * inputs.x.channels // p.int("groups") * math.prod(p.size("kernel_size"))

    def window(self, p: Params, inputs: Inputs) -> Window:
        return Window(self._reach(p), p.size("stride"))

    def module(self, p: Params, inputs: Inputs) -> Code:
        return call(
            f"nn.Conv{self.axes}d",
            inputs.x.channels,
            p.int("out_channels"),
            kernel_size=(p.size("kernel_size"), None),
            stride=(p.size("stride"), 1),
            padding=(p.size("padding"), 0),
            dilation=(p.size("dilation"), 1),
            groups=(p.int("groups"), 1),
            bias=(p.bool("bias"), True),
            padding_mode=(p.text("padding_mode"), "zeros"),
        )

    def _reach(self, p: Params) -> tuple[int, ...]:
        return tuple(d * (k - 1) + 1 for k, d in zip(p.size("kernel_size"), p.size("dilation"), strict=True))

    def _check_groups(self, x: Tensor, groups: int) -> None:
        if x.channels % groups:
            raise ShapeFault(
                f"groups = {groups} does not divide the {x.channels} channels of {x}.",
                "Choose groups that divide both channel counts.",
                code="graph.groups",
            )

    def _check_border(self, p: Params, x: Tensor) -> None:
        # Mirrored padding cannot be longer than what it mirrors (one less: the border itself is not repeated).
        spare = 1 if p.text("padding_mode") == "reflect" else 0
        if any(pad > axis - spare for pad, axis in zip(p.size("padding"), x.spatial, strict=True)):
            raise ShapeFault(
                f"{p.text('padding_mode')} padding {p.size('padding')} is too wide for {x}.",
                "Reduce padding or use padding_mode zeros.",
                code="graph.too_small",
            )


def _conv_params(axes: int) -> tuple[Param, ...]:
    return (
        out_channels(),
        *window_params(axes),
        integer("groups", 1, 1, 65_536, "Channels are split into this many independent groups."),
        flag("bias", True, "Add a learned constant per channel. Not needed before a normalization."),
        choice("padding_mode", "zeros", PADDING_MODES, "What the padding is filled with."),
    )


class Conv1d(_Convolution):
    """Convolution along one axis."""

    title = "Convolution 1D"
    description = "Slides filters along a sequence or a spectrum."
    axes = 1
    ranks = (3,)
    layout = "(N, C, L)"
    params = _conv_params(1)


class Conv2d(_Convolution):
    """Convolution over an image."""

    title = "Convolution 2D"
    description = "Slides filters over an image or a feature map."
    axes = 2
    ranks = (4,)
    layout = "(N, C, H, W)"
    params = _conv_params(2)


class DepthwiseConv2d(_Convolution):
    """One filter per channel."""

    title = "Depthwise convolution 2D"
    description = "Filters every channel by itself; a 1 x 1 convolution after it mixes the channels."
    axes = 2
    ranks = (4,)
    layout = "(N, C, H, W)"
    params = (
        integer("multiplier", 1, 1, 64, "Filters per input channel."),
        *window_params(2),
        flag("bias", True, "Add a learned constant per channel. Not needed before a normalization."),
    )

    def check(self, p: Params) -> Iterator[tuple[str, str, str]]:
        return iter(())

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        return super().shape(self._as_conv(p, inputs), inputs)

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        return super().parameter_count(self._as_conv(p, inputs), inputs)

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return super().macs(self._as_conv(p, inputs), inputs, output)

    def module(self, p: Params, inputs: Inputs) -> Code:
        return super().module(self._as_conv(p, inputs), inputs)

    def _as_conv(self, p: Params, inputs: Inputs) -> Params:
        channels = inputs.x.channels
        return Params(
            {**p, "out_channels": channels * p.int("multiplier"), "groups": channels, "padding_mode": "zeros"}
        )


class ConvTranspose2d(Operator):
    """Learned upsampling."""

    title = "Transposed convolution 2D"
    category = "convolution"
    description = "Raises the resolution with learned filters, the reverse of a strided convolution."
    ranks = (4,)
    layout = "(N, C, H, W)"
    params = (
        out_channels(),
        size("kernel_size", 2, 2, 1, 1_024, "Size of the window."),
        size("stride", 2, 2, 1, 1_024, "Factor by which the resolution grows."),
        size("padding", 2, 0, 0, 1_024, "Rows cut off on each side of the result."),
        size("output_padding", 2, 0, 0, 1_024, "Rows added on one side, to reach an exact size."),
        size("dilation", 2, 1, 1, 1_024, "Gap between the taps of the window."),
        integer("groups", 1, 1, 65_536, "Channels are split into this many independent groups."),
        flag("bias", True, "Add a learned constant per channel. Not needed before a normalization."),
    )

    def check(self, p: Params) -> Iterator[tuple[str, str, str]]:
        if p.int("out_channels") % p.int("groups"):
            yield (
                "groups",
                f"groups = {p.int('groups')} does not divide out_channels = {p.int('out_channels')}",
                "Choose groups that divide both channel counts.",
            )
        limits = [max(pair) for pair in zip(p.size("stride"), p.size("dilation"), strict=True)]
        if any(extra >= limit for extra, limit in zip(p.size("output_padding"), limits, strict=True)):
            yield (
                "output_padding",
                f"output_padding = {p.size('output_padding')} is not smaller than stride or dilation",
                "Keep output_padding below the larger of stride and dilation.",
            )

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        x = inputs.x
        if x.channels % p.int("groups"):
            raise ShapeFault(
                f"groups = {p.int('groups')} does not divide the {x.channels} channels of {x}.",
                "Choose groups that divide both channel counts.",
                code="graph.groups",
            )
        sizes = zip(
            x.spatial,
            p.size("kernel_size"),
            p.size("stride"),
            p.size("padding"),
            p.size("output_padding"),
            p.size("dilation"),
            strict=True,
        )
        spatial = tuple((n - 1) * s - 2 * pad + d * (k - 1) + extra + 1 for n, k, s, pad, extra, d in sizes)
        if min(spatial) < 1:
            raise ShapeFault(
                f"padding = {p.size('padding')} of ConvTranspose2d cuts the whole result of {x} away.",
                "Reduce padding.",
                code="graph.too_small",
            )
        return x.with_shape(p.int("out_channels"), *spatial)

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        kernel = math.prod(p.size("kernel_size"))
        weight = inputs.x.channels * p.int("out_channels") // p.int("groups") * kernel
        return weight + (p.int("out_channels") if p.bool("bias") else 0)

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        # Every input position meets every filter once, whatever the output size.
        return inputs.x.elements * p.int("out_channels") // p.int("groups") * math.prod(p.size("kernel_size"))

    def module(self, p: Params, inputs: Inputs) -> Code:
        return call(
            "nn.ConvTranspose2d",
            inputs.x.channels,
            p.int("out_channels"),
            kernel_size=(p.size("kernel_size"), None),
            stride=(p.size("stride"), 1),
            padding=(p.size("padding"), 0),
            output_padding=(p.size("output_padding"), 0),
            groups=(p.int("groups"), 1),
            bias=(p.bool("bias"), True),
            dilation=(p.size("dilation"), 1),
        )


OPERATORS = (Conv1d, Conv2d, ConvTranspose2d, DepthwiseConv2d)
