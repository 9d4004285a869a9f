"""Attention and the transformer encoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ml_core.graph.expression import Code, call
from ml_core.graph.operator import Inputs, Operator, Port
from ml_core.graph.params import Params, choice, flag, fraction, integer
from ml_core.graph.tensor import ShapeFault, Tensor

_HEADS = integer("num_heads", 4, 1, 1_024, "Number of heads; has to divide the embedding length.")


def check_heads(x: Tensor, heads: int) -> None:
    """Every head takes an equal part of the embedding.

    Raises:
        ShapeFault: The embedding length is not a multiple of ``heads``.
    """
    if x.last % heads:
        raise ShapeFault(
            f"num_heads = {heads} does not divide the embedding length {x.last} of {x}.",
            "Choose a number of heads that divides it.",
            code="graph.heads",
        )


class MultiheadAttention(Operator):
    """Attention of a query sequence over a key and value sequence (Vaswani et al. 2017, arXiv:1706.03762)."""

    title = "Multi-head attention"
    category = "attention"
    description = "Every position looks at all others. With only the query connected it is self-attention."
    inputs = (
        Port("query", "The sequence that asks, (N, L, E)."),
        Port("key", "The sequence that is looked at; the query itself when not connected.", optional=True),
        Port("value", "What is gathered; the key when not connected.", optional=True),
    )
    ranks, layout = (3,), "(N, L, E)"
    params = (
        _HEADS,
        fraction("dropout", 0.0, "Share of attention weights set to zero while training."),
        flag("bias", True, "Add learned constants to the projections."),
    )

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        query, key, value = self._sequences(inputs)
        check_heads(query, p.int("num_heads"))
        if key.shape[0] != value.shape[0]:
            raise ShapeFault(
                f"Key {key} and value {value} differ in length.",
                "Take key and value from the same sequence.",
                port="value" if inputs.get("value") else "key",
                code="graph.join",
            )
        return query

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        query, key, value = self._sequences(inputs)
        e = query.last
        weights = e * (e + key.last + value.last) + e * e
        return weights + (4 * e if p.bool("bias") else 0)

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        query, key, value = self._sequences(inputs)
        e, length, source = query.last, query.shape[0], key.shape[0]
        projections = e * (query.elements + key.elements + value.elements) + e * query.elements
        return projections + 2 * length * source * e

    def saved_bytes(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        query, key, value = self._sequences(inputs)
        # The three projections, the mixed values and the result; the weights are recomputed by fused attention.
        return 3 * output.bytes + 4 * query.last * (key.shape[0] + value.shape[0])

    def working_bytes(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return self.saved_bytes(p, inputs, output)

    def module(self, p: Params, inputs: Inputs) -> Code:
        query, key, value = self._sequences(inputs)
        return call(
            "nn.MultiheadAttention",
            query.last,
            p.int("num_heads"),
            dropout=(p.float("dropout"), 0.0),
            bias=(p.bool("bias"), True),
            kdim=(key.last, query.last),
            vdim=(value.last, query.last),
            batch_first=(True, False),
        )

    def call(self, node: str, args: Sequence[Code], p: Params, inputs: Inputs) -> Code:
        given = dict(zip(inputs.by_port, args, strict=True))
        query = given["query"]
        key = given.get("key", query)
        attended = call(f"self.{node}", query, key, given.get("value", key), need_weights=(False, True))
        return Code(f"{attended}[0]")

    def _sequences(self, inputs: Inputs) -> tuple[Tensor, Tensor, Tensor]:
        query = inputs.by_port["query"]
        key = inputs.get("key") or query
        return query, key, inputs.get("value") or key


class TransformerEncoder(Operator):
    """A stack of self-attention and feed-forward layers."""

    title = "Transformer encoder"
    category = "attention"
    description = "A stack of self-attention and feed-forward layers over a sequence."
    ranks, layout = (3,), "(N, L, E)"
    params = (
        integer("num_layers", 2, 1, 96, "Number of layers."),
        _HEADS,
        integer("feedforward", 256, 1, 65_536, "Width of the feed-forward part; usually 4 times the embedding."),
        fraction("dropout", 0.1, "Share of values set to zero while training."),
        choice("activation", "gelu", ("relu", "gelu"), "Activation of the feed-forward part."),
        flag("norm_first", True, "Normalize before each part instead of after it; trains more steadily."),
    )

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        check_heads(inputs.x, p.int("num_heads"))
        return inputs.x

    def warn(self, p: Params, inputs: Inputs) -> Iterator[tuple[str, str, str]]:
        if inputs.x.shape[0] > 16_384:
            yield (
                "graph.long_sequence",
                f"Attention over {inputs.x.shape[0]} positions costs memory and time with the square of the length.",
                "Shorten the sequence by a strided Conv2d or a pooling before it.",
            )

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        e, hidden = inputs.x.last, p.int("feedforward")
        attention = 4 * e * e + 4 * e
        feed_forward = 2 * e * hidden + hidden + e
        return p.int("num_layers") * (attention + feed_forward + 4 * e)

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        length, e = inputs.x.shape
        per_position = 4 * e * e + 2 * e * p.int("feedforward") + 2 * length * e
        return p.int("num_layers") * length * per_position

    def saved_bytes(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        length, e = inputs.x.shape
        # Per layer: two norms, three projections, mixed values, two residual sums; hidden before and after activation.
        return p.int("num_layers") * 4 * length * (8 * e + 2 * p.int("feedforward"))

    def working_bytes(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        length, e = inputs.x.shape
        return 4 * length * max(4 * e, 2 * e + p.int("feedforward"))

    def module(self, p: Params, inputs: Inputs) -> Code:
        layer = call(
            "nn.TransformerEncoderLayer",
            inputs.x.last,
            p.int("num_heads"),
            dim_feedforward=(p.int("feedforward"), 2048),
            dropout=(p.float("dropout"), 0.1),
            activation=(p.text("activation"), "relu"),
            batch_first=(True, False),
            norm_first=(p.bool("norm_first"), False),
        )
        # The nested-tensor path only serves padded batches and warns when norm_first switches it off.
        return call("nn.TransformerEncoder", layer, p.int("num_layers"), enable_nested_tensor=(False, True))


OPERATORS = (MultiheadAttention, TransformerEncoder)
