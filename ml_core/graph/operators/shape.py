"""Operators that only rearrange, reduce or enlarge axes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ml_core.graph.expression import Code, call
from ml_core.graph.operator import Inputs, Operator
from ml_core.graph.operators.activation import check_dim
from ml_core.graph.params import Params, choice, flag, integer, integers, size
from ml_core.graph.tensor import Dtype, ShapeFault, Tensor

_ANY: tuple[Dtype, ...] = ("float32", "int64")


class Flatten(Operator):
    """Joins axes into one."""

    title = "Flatten"
    category = "shape"
    description = "Joins axes into one, so that a Linear can follow a feature map."
    dtypes = _ANY
    is_view = True
    params = (
        integer("start_dim", 1, 1, 4, "First axis to join; 1 is the first one behind the batch axis."),
        integer("end_dim", -1, -4, 4, "Last axis to join; -1 is the last axis."),
    )

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        x = inputs.x
        start, end = check_dim(p.int("start_dim"), x, "start_dim"), check_dim(p.int("end_dim"), x, "end_dim")
        if start > end:
            raise ShapeFault(
                f"start_dim = {p.int('start_dim')} lies behind end_dim = {p.int('end_dim')} in {x}.",
                "Use a smaller start_dim.",
                code="graph.axis",
            )
        return x.with_shape(*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :])

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return 0

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        end = () if p.int("end_dim") == -1 else (p.int("end_dim"),)
        return call(f"{args[0]}.flatten", p.int("start_dim"), *end)


class Reshape(Operator):
    """Same values, other axes."""

    title = "Reshape"
    category = "shape"
    description = "Gives each sample another shape with the same number of values. One axis may be -1."
    dtypes = _ANY
    is_view = True
    params = (integers("shape", None, (1, 4), -1, 16_777_216, "Axes behind the batch axis; -1 is worked out."),)

    def check(self, p: Params) -> Iterator[tuple[str, str, str]]:
        shape = p.ints("shape")
        if shape.count(-1) > 1:
            yield "shape", "shape has more than one -1", "Leave one axis open at most."
        if 0 in shape:
            yield "shape", "shape has an axis of 0", "Use positive sizes, or -1 for one axis."

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        shape, elements = p.ints("shape"), inputs.x.elements
        known = math.prod(axis for axis in shape if axis != -1)
        if elements % known or (-1 not in shape and known != elements):
            raise ShapeFault(
                f"{inputs.x} holds {elements} values per sample, which do not fit into {Tensor(shape)}.",
                "Choose axes whose product is the number of values, or leave one axis as -1.",
            )
        return inputs.x.with_shape(*(elements // known if axis == -1 else axis for axis in shape))

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return 0

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        # A second -1 would be ambiguous for torch, so the open axis is written as the number it stands for.
        return call(f"{args[0]}.reshape", -1, *self.shape(p, inputs).shape)


class Permute(Operator):
    """Axes in another order."""

    title = "Permute"
    category = "shape"
    description = "Reorders the axes, for example (N, C, L) to (N, L, C) by 0, 2, 1."
    dtypes = _ANY
    is_view = True
    params = (integers("dims", [0, 2, 1], (2, 5), 0, 4, "The new order of all axes; the batch axis 0 stays first."),)

    def check(self, p: Params) -> Iterator[tuple[str, str, str]]:
        dims = p.ints("dims")
        if sorted(dims) != list(range(len(dims))) or dims[0] != 0:
            yield (
                "dims",
                f"dims = {list(dims)} is not an order of 0 to {len(dims) - 1} that begins with 0",
                ("Name each axis once and keep the batch axis 0 first."),
            )

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        x, dims = inputs.x, p.ints("dims")
        if len(dims) != x.rank:
            raise ShapeFault(
                f"dims = {list(dims)} orders {len(dims)} axes, but {x} has {x.rank}.",
                f"Give an order of 0 to {x.rank - 1}.",
                code="graph.rank",
            )
        return x.with_shape(*(x.shape[dim - 1] for dim in dims[1:]))

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return 0

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        return call(f"{args[0]}.permute", *p.ints("dims"))


class Mean(Operator):
    """Mean over one axis."""

    title = "Mean over an axis"
    category = "shape"
    description = "Averages one axis away: over tokens (dim 1) it turns a sequence into one vector."
    ranks, layout = (3, 4, 5), "(N, ..., ...)"
    params = (integer("dim", 1, -4, 4, "The axis, as torch counts; -1 is the last axis."),)

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        index = check_dim(p.int("dim"), inputs.x)
        return inputs.x.with_shape(*inputs.x.shape[:index], *inputs.x.shape[index + 1 :])

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        return call(f"{args[0]}.mean", dim=(p.int("dim"), None))


class Upsample(Operator):
    """Higher resolution by interpolation."""

    title = "Upsample"
    category = "shape"
    description = "Raises the resolution of a map by interpolation, without weights."
    ranks, layout = (4,), "(N, C, H, W)"
    params = (
        size("scale", 2, 2, 1, 64, "Factor for height and width."),
        choice("mode", "nearest", ("nearest", "bilinear", "bicubic"), "How values between pixels are found."),
        flag("align_corners", False, "Corner pixels stay in the corners (bilinear and bicubic only)."),
    )

    def check(self, p: Params) -> Iterator[tuple[str, str, str]]:
        if p.bool("align_corners") and p.text("mode") == "nearest":
            yield "align_corners", "align_corners has no meaning with mode nearest", "Set it to false."

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        x = inputs.x
        return x.with_shape(x.channels, *(axis * scale for axis, scale in zip(x.spatial, p.size("scale"), strict=True)))

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        smooth = {} if p.text("mode") == "nearest" else {"align_corners": (p.bool("align_corners"), None)}
        return call(
            "F.interpolate",
            args[0],
            scale_factor=(p.size("scale"), None),
            mode=(p.text("mode"), "nearest"),
            **smooth,
        )


OPERATORS = (Flatten, Reshape, Permute, Mean, Upsample)
