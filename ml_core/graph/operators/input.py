"""Where a sample enters the graph and where the result leaves it."""

from __future__ import annotations

from ml_core.graph.operator import Inputs, Operator, Port
from ml_core.graph.params import Params, choice, integers
from ml_core.graph.tensor import Dtype, Tensor


class Input(Operator):
    """What the data set delivers."""

    title = "Input"
    category = "input"
    description = "One sample of the data: its axes without the batch axis, such as 3 x 64 x 64 for RGB images."
    inputs = ()
    params = (
        integers("shape", [3, 64, 64], (1, 4), 1, 65_536, "Axes of one sample: channels, height, width for images."),
        choice("dtype", "float32", ("float32", "int64"), "float32 for images and signals, int64 for token ids."),
    )

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        dtype: Dtype = "int64" if p.text("dtype") == "int64" else "float32"
        return Tensor(p.ints("shape"), dtype)

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return 0


class Output(Operator):
    """What the model returns."""

    title = "Output"
    category = "input"
    description = "The result of the model. For classification its shape is (N, classes), without Softmax."
    outputs = ()
    dtypes = ("float32", "int64", "boxes")
    is_view = True

    inputs = (Port("in", "The value that the model returns."),)

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return 0


OPERATORS = (Input, Output)
