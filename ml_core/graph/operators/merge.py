"""Joins: several tensors become one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ml_core.graph.expression import Code, call
from ml_core.graph.operator import Inputs, Operator, Window, pixelwise
from ml_core.graph.operators.activation import check_dim
from ml_core.graph.params import Params, integer
from ml_core.graph.tensor import Dtype, ShapeFault, Tensor

_ANY: tuple[Dtype, ...] = ("float32", "int64")


def check_same_type(inputs: Inputs, name: str) -> None:
    """Joined values must be of one type.

    Raises:
        ShapeFault: On the port of the first one that differs.
    """
    for port, tensor in inputs.by_port.items():
        if tensor.dtype != inputs.x.dtype:
            raise ShapeFault(
                f"{name} joins {inputs.x.dtype} {inputs.x} with {tensor.dtype} {tensor}.",
                "Embed token ids before the join.",
                port=port,
                code="graph.dtype",
            )


class _Elementwise(Operator):
    category = "merge"
    variadic = True
    sign: ClassVar[str]

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        check_same_type(inputs, self.name)
        shape = inputs.x.shape
        for port, other in list(inputs.by_port.items())[1:]:
            fits = len(shape) == len(other.shape) and all(
                a == b or 1 in (a, b) for a, b in zip(shape, other.shape, strict=True)
            )
            if not fits:
                joined = Tensor(shape)
                raise ShapeFault(
                    f"{self.name} joins {joined} with {other}, which differ.",
                    "Give both branches the same channels and resolution, for example by a 1 x 1 Conv2d "
                    "with the same stride on the shorter one.",
                    port=port,
                    code="graph.join",
                )
            shape = tuple(max(a, b) for a, b in zip(shape, other.shape, strict=True))
        return inputs.x.with_shape(*shape)

    def window(self, p: Params, inputs: Inputs) -> Window | None:
        return pixelwise(inputs.x)

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        return Code(f" {self.sign} ".join(args))


class Add(_Elementwise):
    """Sum of its inputs."""

    title, sign, dtypes = "Add", "+", ("float32",)
    description = "Adds its inputs value by value; the join of residual connections. Axes of size 1 are repeated."


class Multiply(_Elementwise):
    """Product of its inputs."""

    title, sign, dtypes = "Multiply", "*", ("float32",)
    description = "Multiplies its inputs value by value, for gates and attention maps. Axes of size 1 are repeated."


class Concat(Operator):
    """Inputs behind each other along one axis."""

    title = "Concatenate"
    category = "merge"
    description = "Puts its inputs behind each other along one axis; all other axes must agree."
    variadic = True
    dtypes = _ANY
    params = (integer("dim", 1, -4, 4, "The axis, as torch counts: 1 is the channels, -1 the last axis."),)

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        check_same_type(inputs, self.name)
        first = inputs.x
        axis = check_dim(p.int("dim"), first)
        total = 0
        for port, other in inputs.by_port.items():
            rest = first.shape[:axis] + first.shape[axis + 1 :]
            if other.rank != first.rank or other.shape[:axis] + other.shape[axis + 1 :] != rest:
                raise ShapeFault(
                    f"Concat along axis {axis + 1} joins {first} with {other}, which differ in another axis.",
                    "Bring both branches to the same resolution, by a stride, a pooling or Upsample.",
                    port=port,
                    code="graph.join",
                )
            total += other.shape[axis]
        return first.with_shape(*first.shape[:axis], total, *first.shape[axis + 1 :])

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return 0

    def window(self, p: Params, inputs: Inputs) -> Window | None:
        return pixelwise(inputs.x)

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        return call("torch.cat", Code(f"[{', '.join(args)}]"), dim=(p.int("dim"), None))


OPERATORS = (Add, Multiply, Concat)
