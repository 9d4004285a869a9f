"""Normalizations."""

from __future__ import annotations

from typing import ClassVar

from ml_core.graph.expression import Code, call
from ml_core.graph.operator import Inputs, Operator, Window, pixelwise
from ml_core.graph.params import Params, flag, integer, number
from ml_core.graph.tensor import ShapeFault, Tensor

_EPS = number("eps", 1e-5, 1e-12, 1.0, "Added to the variance so that nothing is divided by zero.")
_AFFINE = flag("affine", True, "Learn a scale and a shift.")


class _Normalization(Operator):
    category = "normalization"
    is_pointwise = True

    def window(self, p: Params, inputs: Inputs) -> Window | None:
        return pixelwise(inputs.x)


class _BatchNorm(_Normalization):
    axes: ClassVar[int]
    params = (_EPS, number("momentum", 0.1, 0.0, 1.0, "Share of the new batch in the running statistics."), _AFFINE)

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        return 2 * inputs.x.channels if p.bool("affine") else 0

    def module(self, p: Params, inputs: Inputs) -> Code:
        return call(
            f"nn.BatchNorm{self.axes}d",
            inputs.x.channels,
            eps=(p.float("eps"), 1e-5),
            momentum=(p.float("momentum"), 0.1),
            affine=(p.bool("affine"), True),
        )


class BatchNorm1d(_BatchNorm):
    """Normalization over the batch for vectors and sequences."""

    title = "Batch normalization 1D"
    description = "Normalizes each channel over the batch. Needs batches of more than one sample."
    axes, ranks, layout = 1, (2, 3), "(N, C) or (N, C, L)"


class BatchNorm2d(_BatchNorm):
    """Normalization over the batch for images."""

    title = "Batch normalization 2D"
    description = "Normalizes each channel over batch, height and width. The usual partner of Conv2d."
    axes, ranks, layout = 2, (4,), "(N, C, H, W)"


class LayerNorm(_Normalization):
    """Normalization over the last axes."""

    title = "Layer normalization"
    description = "Normalizes over the last axes of each sample. The usual norm of transformers."
    ranks, layout = (2, 3, 4, 5), "(N, ..., C)"
    params = (integer("axes", 1, 1, 4, "How many of the last axes are normalized together."), _EPS, _AFFINE)

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        if p.int("axes") > len(inputs.x.shape):
            raise ShapeFault(
                f"axes = {p.int('axes')} is more than {inputs.x} has after the batch axis.",
                f"Use axes of at most {len(inputs.x.shape)}.",
                code="graph.axis",
            )
        return inputs.x

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        return 2 * Tensor(self._normalized(p, inputs)).elements if p.bool("affine") else 0

    def window(self, p: Params, inputs: Inputs) -> Window | None:
        return None

    def module(self, p: Params, inputs: Inputs) -> Code:
        shape = self._normalized(p, inputs)
        return call(
            "nn.LayerNorm",
            shape[0] if len(shape) == 1 else shape,
            eps=(p.float("eps"), 1e-5),
            elementwise_affine=(p.bool("affine"), True),
        )

    def _normalized(self, p: Params, inputs: Inputs) -> tuple[int, ...]:
        return inputs.x.shape[-p.int("axes") :]


class GroupNorm(_Normalization):
    """Normalization over groups of channels."""

    title = "Group normalization"
    description = "Normalizes groups of channels of each sample; independent of the batch size. 1 group covers all."
    ranks, layout = (2, 3, 4, 5), "(N, C, ...)"
    params = (integer("groups", 8, 1, 65_536, "Number of groups; has to divide the channels."), _EPS, _AFFINE)

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        if inputs.x.channels % p.int("groups"):
            raise ShapeFault(
                f"groups = {p.int('groups')} does not divide the {inputs.x.channels} channels of {inputs.x}.",
                "Choose a number of groups that divides the channels.",
                code="graph.groups",
            )
        return inputs.x

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        return 2 * inputs.x.channels if p.bool("affine") else 0

    def window(self, p: Params, inputs: Inputs) -> Window | None:
        return None

    def module(self, p: Params, inputs: Inputs) -> Code:
        return call(
            "nn.GroupNorm",
            p.int("groups"),
            inputs.x.channels,
            eps=(p.float("eps"), 1e-5),
            affine=(p.bool("affine"), True),
        )


OPERATORS = (BatchNorm1d, BatchNorm2d, LayerNorm, GroupNorm)
