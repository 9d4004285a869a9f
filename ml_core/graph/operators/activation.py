"""Activations and dropout: everything that keeps the shape and has no weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ml_core.graph.expression import Code, call
from ml_core.graph.operator import Inputs, Operator, Window, pixelwise
from ml_core.graph.params import Params, choice, fraction, integer, number
from ml_core.graph.tensor import ShapeFault, Tensor


class _Pointwise(Operator):
    is_pointwise = True

    def window(self, p: Params, inputs: Inputs) -> Window | None:
        return pixelwise(inputs.x)


class _Activation(_Pointwise):
    category = "activation"
    function: ClassVar[str]

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        return call(self.function, args[0])


class ReLU(_Activation):
    """max(x, 0)."""

    title, function = "ReLU", "F.relu"
    description = "Sets negative values to zero. The usual activation of convolutional networks."


class LeakyReLU(_Activation):
    """x, or a small multiple of it where negative."""

    title, function = "Leaky ReLU", "F.leaky_relu"
    description = "Like ReLU, but negative values keep a small slope."
    params = (number("negative_slope", 0.01, 0.0, 1.0, "Slope for negative values."),)

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        return call(self.function, args[0], negative_slope=(p.float("negative_slope"), 0.01))


class GELU(_Activation):
    """x times the normal distribution function of x."""

    title, function = "GELU", "F.gelu"
    description = "A smooth ReLU; the usual activation of transformers."
    params = (choice("approximate", "none", ("none", "tanh"), "tanh is a faster approximation."),)

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        return call(self.function, args[0], approximate=(p.text("approximate"), "none"))


class SiLU(_Activation):
    """x times sigmoid(x)."""

    title, function = "SiLU", "F.silu"
    description = "A smooth ReLU, also called Swish; used by EfficientNet."


class Hardswish(_Activation):
    """A piecewise form of SiLU."""

    title, function = "Hardswish", "F.hardswish"
    description = "A cheap form of SiLU; used by MobileNetV3."


class ReLU6(_Activation):
    """max(x, 0), at most 6."""

    title, function = "ReLU6", "F.relu6"
    description = "A ReLU that ends at 6; used by MobileNetV2."


class Hardsigmoid(_Activation):
    """A piecewise form of sigmoid."""

    title, function = "Hardsigmoid", "F.hardsigmoid"
    description = "A cheap form of Sigmoid; the gate of MobileNetV3."


class ELU(_Activation):
    """x, or alpha (exp(x) - 1) where negative."""

    title, function = "ELU", "F.elu"
    description = "Like ReLU, but negative values approach -alpha smoothly."
    params = (number("alpha", 1.0, 0.0, 100.0, "Limit for very negative values."),)

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        return call(self.function, args[0], alpha=(p.float("alpha"), 1.0))


class Sigmoid(_Activation):
    """1 / (1 + exp(-x))."""

    title, function = "Sigmoid", "torch.sigmoid"
    description = "Maps to 0..1, each value by itself. For gates and multi-label outputs."


class Tanh(_Activation):
    """Hyperbolic tangent."""

    title, function = "Tanh", "torch.tanh"
    description = "Maps to -1..1."


class Softmax(_Activation):
    """Probabilities along one axis."""

    title, function = "Softmax", "F.softmax"
    description = "Maps one axis to probabilities. Training on cross entropy needs logits, so leave it out there."
    params = (integer("dim", 1, -4, 4, "The axis, as torch counts: 1 is the channels, -1 the last axis."),)

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        check_dim(p.int("dim"), inputs.x)
        return inputs.x

    def window(self, p: Params, inputs: Inputs) -> Window | None:
        return None

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        return call(self.function, args[0], dim=(p.int("dim"), None))


def check_dim(dim: int, x: Tensor, name: str = "dim") -> int:
    """The index into ``x.shape`` that a torch axis number means.

    Raises:
        ShapeFault: The axis is the batch axis or does not exist.
    """
    index = dim if dim >= 0 else x.rank + dim
    if not 1 <= index < x.rank:
        raise ShapeFault(
            f"{name} = {dim} is not an axis of {x} behind the batch axis.",
            f"Use 1 to {x.rank - 1}, or -1 for the last axis.",
            code="graph.axis",
        )
    return index - 1


class Dropout(_Pointwise):
    """Random zeros while training."""

    title = "Dropout"
    category = "regularization"
    description = "Sets random values to zero while training, against overfitting. Does nothing afterwards."
    params = (fraction("p", 0.5, "Share of values set to zero."),)
    layer: ClassVar[str] = "nn.Dropout"

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return 0

    def saved_bytes(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        # The result and the mask, which torch keeps as one byte per value.
        return output.bytes + output.elements

    def module(self, p: Params, inputs: Inputs) -> Code:
        return call(self.layer, p.float("p"))


class Dropout2d(Dropout):
    """Random zero channels while training."""

    title = "Dropout 2D"
    description = "Sets whole random channels to zero while training."
    ranks, layout = (4,), "(N, C, H, W)"
    layer = "nn.Dropout2d"

    def saved_bytes(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return output.bytes


OPERATORS = (
    ReLU, ReLU6, LeakyReLU, GELU, SiLU, Hardswish, Hardsigmoid, ELU, Sigmoid, Tanh, Softmax, Dropout, Dropout2d
)  # fmt: skip
