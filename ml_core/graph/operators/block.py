"""Composite blocks: small modules that are written out as helper classes beside the model."""

from __future__ import annotations

from collections.abc import Iterator

from ml_core.graph.expression import Code, call
from ml_core.graph.operator import Inputs, Operator, Window
from ml_core.graph.params import Params, choice, integer
from ml_core.graph.tensor import Tensor, window_size


class ResidualBlock(Operator):
    """The block of ResNet (He et al. 2016, arXiv:1512.03385)."""

    title = "Residual block"
    category = "block"
    description = "Convolutions whose result is added to their input; a 1 x 1 convolution adapts the input if needed."
    ranks, layout = (4,), "(N, C, H, W)"
    params = (
        choice("kind", "basic", ("basic", "bottleneck"), "basic: two 3 x 3. bottleneck: 1 x 1, 3 x 3, 1 x 1."),
        integer("out_channels", 64, 1, 65_536, "Number of output channels."),
        integer("stride", 1, 1, 8, "2 halves the resolution."),
        integer("reduction", 4, 1, 64, "How much narrower the inside of a bottleneck is."),
    )

    def check(self, p: Params) -> Iterator[tuple[str, str, str]]:
        if p.text("kind") == "bottleneck" and p.int("out_channels") % p.int("reduction"):
            yield (
                "reduction",
                f"reduction = {p.int('reduction')} does not divide out_channels = {p.int('out_channels')}",
                "Choose a reduction that divides out_channels.",
            )

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        x = inputs.x
        return x.with_shape(p.int("out_channels"), *(window_size(axis, 3, p.int("stride"), 1) for axis in x.spatial))

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        weights, norms = self._convolutions(p, inputs)
        return sum(weight for weight, _ in weights) + 2 * norms

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return sum(weight * pixels for weight, pixels in self._convolutions(p, inputs)[0])

    def saved_bytes(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        # Each convolution's output is kept for its norm and each activation's output for the next convolution.
        inside = inputs.x.with_shape(self._width(p), *output.spatial).bytes
        if p.text("kind") == "basic":
            kept = 2 * inside + 2 * output.bytes
        else:
            first = inputs.x.with_shape(self._width(p), *inputs.x.spatial).bytes
            kept = 2 * first + 2 * inside + 2 * output.bytes
        return kept + (output.bytes if self._adapts(p, inputs) else 0)

    def working_bytes(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        first = inputs.x.with_shape(self._width(p), *inputs.x.spatial).bytes
        return max(3 * output.bytes, 2 * first)

    def window(self, p: Params, inputs: Inputs) -> Window:
        stride = p.int("stride")
        reach = 3 + 2 * stride if p.text("kind") == "basic" else 3
        return Window((reach, reach), (stride, stride))

    def module(self, p: Params, inputs: Inputs) -> Code:
        stride = (p.int("stride"), 1)
        if p.text("kind") == "basic":
            return call("BasicBlock", inputs.x.channels, p.int("out_channels"), stride=stride)
        return call("Bottleneck", inputs.x.channels, self._width(p), p.int("out_channels"), stride=stride)

    def helpers_for(self, p: Params) -> tuple[str, ...]:
        return ("BasicBlock",) if p.text("kind") == "basic" else ("Bottleneck",)

    def _width(self, p: Params) -> int:
        out = p.int("out_channels")
        return out if p.text("kind") == "basic" else out // p.int("reduction")

    def _adapts(self, p: Params, inputs: Inputs) -> bool:
        return p.int("stride") != 1 or inputs.x.channels != p.int("out_channels")

    def _convolutions(self, p: Params, inputs: Inputs) -> tuple[list[tuple[int, int]], int]:
        """(weights, output pixels) of every convolution, and the channels of all norms together."""
        x, out, width = inputs.x, p.int("out_channels"), self._width(p)
        before = Tensor(x.spatial).elements
        after = Tensor(self.shape(p, inputs).spatial).elements
        if p.text("kind") == "basic":
            convolutions = [(9 * x.channels * out, after), (9 * out * out, after)]
            norms = 2 * out
        else:
            convolutions = [(x.channels * width, before), (9 * width * width, after), (width * out, after)]
            norms = 2 * width + out
        if self._adapts(p, inputs):
            convolutions.append((x.channels * out, after))
            norms += out
        return convolutions, norms


class SqueezeExcite(Operator):
    """Channel gates from global averages (Hu et al. 2018, arXiv:1709.01507)."""

    title = "Squeeze and excite"
    category = "block"
    description = "Weighs each channel by a gate that is computed from the averages of all channels."
    ranks, layout = (4,), "(N, C, H, W)"
    helpers = ("SqueezeExcite",)
    params = (integer("reduction", 16, 1, 256, "How much narrower the gate's hidden layer is (at least 1 channel)."),)

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        channels, hidden = inputs.x.channels, self._hidden(p, inputs)
        return 2 * channels * hidden + hidden + channels

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return 2 * inputs.x.channels * self._hidden(p, inputs)

    def module(self, p: Params, inputs: Inputs) -> Code:
        return call("SqueezeExcite", inputs.x.channels, self._hidden(p, inputs))

    def _hidden(self, p: Params, inputs: Inputs) -> int:
        return max(1, inputs.x.channels // p.int("reduction"))


OPERATORS = (ResidualBlock, SqueezeExcite)
