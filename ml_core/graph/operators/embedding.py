"""Learned tables: token embeddings and positions."""

from __future__ import annotations

from ml_core.graph.expression import Code, call
from ml_core.graph.operator import Inputs, Operator
from ml_core.graph.params import Params, integer
from ml_core.graph.tensor import Tensor


class Embedding(Operator):
    """A vector per token id."""

    title = "Embedding"
    category = "embedding"
    description = "Looks up a learned vector for each token id."
    dtypes = ("int64",)
    ranks, layout = (2, 3), "(N, L)"
    params = (
        integer("num_embeddings", 1_000, 1, 10_000_000, "Number of different ids; ids run from 0 to one less."),
        integer("embedding_dim", 64, 1, 65_536, "Length of each vector."),
    )

    def shape(self, p: Params, inputs: Inputs) -> Tensor:
        return Tensor((*inputs.x.shape, p.int("embedding_dim")))

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        return p.int("num_embeddings") * p.int("embedding_dim")

    def macs(self, p: Params, inputs: Inputs, output: Tensor) -> int:
        return 0

    def module(self, p: Params, inputs: Inputs) -> Code:
        return call("nn.Embedding", p.int("num_embeddings"), p.int("embedding_dim"))


class PositionalEmbedding(Operator):
    """A learned vector per position."""

    title = "Positional embedding"
    category = "embedding"
    description = "Adds a learned vector to each position of a sequence, so that attention can tell places apart."
    ranks, layout = (3,), "(N, L, E)"
    helpers = ("PositionalEmbedding",)

    def parameter_count(self, p: Params, inputs: Inputs) -> int:
        return inputs.x.elements

    def module(self, p: Params, inputs: Inputs) -> Code:
        return call("PositionalEmbedding", *inputs.x.shape)


OPERATORS = (Embedding, PositionalEmbedding)
