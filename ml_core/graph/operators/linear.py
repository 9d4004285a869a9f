"""The dense layer."""

from __future__ import annotations

from collections.abc import Iterator

from ml_core.graph.expression import Code, call
from ml_core.graph.operator import Inputs, Operator
from ml_core.graph.params import Params, flag, integer
from ml_core.graph.tensor import Tensor


class Linear(Operator):
    """Every output is a weighted sum of the last axis."""

    title = "Linear"
    category = "linear"
    description = "A dense layer on the last axis: every output sees every input. Flatten images first."
    ranks, layout = (2, 3, 4, 5), "(N, ..., features)"
    params = (
        integer("out_features", 10, 1, 1_048_576, "Number of outputs; the number of classes in the last layer."),
        flag("bias", True, "Add a learned constant per output."),
    )

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        return inputs.x.with_shape(*inputs.x.shape[:-1], p.int("out_features"))

    def warn(self, p: Params, inputs: Inputs) -> Iterator[tuple[str, str, str]]:
        if inputs.x.rank == 4:
            yield (
                "graph.linear_on_map",
                f"Linear acts on the last axis only, which is the width of {inputs.x}.",
                "Insert Flatten or a global pooling before it, if you meant the whole feature map.",
            )

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        return (inputs.x.last + (1 if p.bool("bias") else 0)) * p.int("out_features")

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return output.elements * inputs.x.last

    def module(self, p: Params, inputs: Inputs) -> Code:
        return call("nn.Linear", inputs.x.last, p.int("out_features"), bias=(p.bool("bias"), True))


OPERATORS = (Linear,)
