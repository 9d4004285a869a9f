"""Every operator a graph may use. A new operator is one class in one of these modules; nothing else lists it."""

from __future__ import annotations

from ml_core.graph.operator import Operator
from ml_core.graph.operators import (
    activation,
    attention,
    backbone,
    block,
    conv,
    detection,
    embedding,
    input,
    linear,
    merge,
    norm,
    pool,
    shape,
)

_MODULES = (input, conv, pool, norm, activation, linear, shape, merge, attention, embedding, block, backbone, detection)

OPERATORS: dict[str, Operator] = {operator.name: operator() for module in _MODULES for operator in module.OPERATORS}
