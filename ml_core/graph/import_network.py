"""Takes a network of torchvision apart into the nodes of a graph, by torch.fx (Reed et al. 2021, arXiv:2112.08429).

What has no operator here is named, not guessed. Stochastic depth has none and is left out: the graph computes what the
network computes in evaluation mode.
"""

from __future__ import annotations

import operator as python_operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
import torchvision
from torch import fx, nn
from torchvision.ops import StochasticDepth
from torchvision.ops.stochastic_depth import stochastic_depth

from ml_core.errors import GraphError
from ml_core.graph.document import FORMAT
from ml_core.graph.naming import reserved

Params = dict[str, Any]
_NO_SIDE_HEADS: dict[str, dict[str, Any]] = {
    "googlenet": {"aux_logits": False, "init_weights": False, "transform_input": False},
    "inception_v3": {"aux_logits": False, "init_weights": False, "transform_input": False},
}
_MAX_ID = 60


@dataclass
class ImportedNetwork:
    """A graph document and where its weights come from.

    Attributes:
        document: Every node with its parameters; weights are not part of it.
        modules: Node id by the path of the module in torchvision's network; ``fc.weight`` of a state dict there is
            ``{modules["fc"]}.weight`` of the graph's model.
        left_out: What was passed over, by path.
    """

    document: dict[str, Any]
    modules: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def known_networks() -> list[str]:
    """Names of torchvision's classifiers, whether or not they can be taken apart."""
    names: list[str] = torchvision.models.list_models(module=torchvision.models)
    return names


def import_network(name: str, *, classes: int = 1000, input_shape: Sequence[int] = (3, 224, 224)) -> ImportedNetwork:
    """Build the network without weights and write it as a graph.

    Args:
        name: Of a classifier of torchvision, such as ``resnet18``.
        classes: Outputs of its last layer.
        input_shape: Channels, height, width.

    Raises:
        GraphError: There is no such network, or a part of it has no operator; ``where`` is that part.
    """
    if name not in known_networks():
        raise GraphError(f'torchvision has no classifier "{name}".', code="graph.unknown_network", where=name)
    model = _build(name, classes)
    try:
        traced = _Tracer().trace(model.eval())
    except Exception as error:
        raise _not_possible(name, "its computation depends on its data", name) from error
    return _Writer(name, model, input_shape).write(traced)


def _build(name: str, classes: int) -> nn.Module:
    settings = {"weights": None, "num_classes": classes, **_NO_SIDE_HEADS.get(name, {})}
    try:
        with torch.device("meta"):  # shapes alone: nothing is allocated or drawn
            model: nn.Module = torchvision.models.get_model(name, **settings)
    except (NotImplementedError, RuntimeError):  # RegNets compute their widths with tensors
        model = torchvision.models.get_model(name, **settings)
    return model


class _Tracer(fx.Tracer):
    """Layers of torch are leaves, and so is stochastic depth; everything else is opened."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, StochasticDepth) or super().is_leaf_module(m, module_qualified_name)


def _not_possible(name: str, why: str, where: str) -> GraphError:
    return GraphError(
        f'"{name}" cannot be taken apart: {why}.',
        code="graph.not_importable",
        hint="Use it whole as a backbone node, or take another network.",
        where=where,
    )


class _Writer:
    """Walks the traced network and writes nodes and edges."""

    def __init__(self, name: str, model: nn.Module, input_shape: Sequence[int]) -> None:
        self._name, self._model, self._shape = name, model, list(input_shape)
        self._nodes: list[dict[str, Any]] = []
        self._edges: list[dict[str, str]] = []
        self._of: dict[fx.Node, str] = {}
        self._taken: set[str] = set()
        self._found = ImportedNetwork({})

    def write(self, graph: fx.Graph) -> ImportedNetwork:
        for node in graph.nodes:
            if node.op == "placeholder":
                self._of[node] = self._add("image", "Input", {"shape": self._shape}, [])
            elif node.op == "output":
                self._add("logits", "Output", {}, [self._source(node.args[0])])
            elif node.op == "call_module":
                self._of[node] = self._module(node)
            elif node.op in ("call_function", "call_method"):
                self._of[node] = self._function(node)
            else:
                raise _not_possible(self._name, f"it reads {node.target} directly", str(node.target))
        self._found.document = {"format": FORMAT, "name": self._name, "nodes": self._nodes, "edges": self._edges}
        return self._found

    def _source(self, argument: Any) -> str:
        if not isinstance(argument, fx.Node) or argument not in self._of:
            raise _not_possible(self._name, f"{argument!r} is no tensor of the network", self._name)
        return self._of[argument]

    def _add(self, wanted: str, op: str, params: Params, sources: list[str]) -> str:
        node_id = self._free(wanted)
        self._nodes.append({"id": node_id, "op": op, "params": params})
        joins = op in ("Add", "Multiply", "Concat")
        for at, source in enumerate(sources):
            port = f"in{at}" if joins else "in"
            self._edges.append({"source": source, "source_port": "out", "target": node_id, "target_port": port})
        return node_id

    def _free(self, wanted: str) -> str:
        base = re.sub(r"\W+", "_", wanted).strip("_")[-_MAX_ID:].lstrip("_")
        base = base if base[:1].isalpha() and not reserved(base) else f"n_{base}"
        found, number = base, 1
        while found in self._taken:
            number += 1
            found = f"{base}_{number}"
        self._taken.add(found)
        return found

    def _module(self, node: fx.Node) -> str:
        path = str(node.target)
        layer = self._model.get_submodule(path)
        source = self._source(node.args[0])
        if isinstance(layer, nn.Identity | StochasticDepth):
            if isinstance(layer, StochasticDepth):
                self._found.left_out.append(path)
            return source
        rule = _LAYERS.get(type(layer))
        params = rule(layer) if rule else None
        if params is None:
            raise _not_possible(self._name, f"there is no operator for {type(layer).__name__}", path)
        op, values = params
        node_id = self._add(path, op, values, [source])
        if any(True for _ in layer.parameters()):
            self._found.modules[path] = node_id
        return node_id

    def _function(self, node: fx.Node) -> str:
        name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))
        if node.target is stochastic_depth:
            self._found.left_out.append(node.name)
            return self._source(node.args[0])
        rule = _FUNCTIONS.get(name)
        if rule is None:
            raise _not_possible(self._name, f"there is no operator for {name}()", node.name)
        op, params = rule(node)
        tensors = node.args[0] if op == "Concat" else node.args if op in ("Add", "Multiply") else node.args[:1]
        sources = [self._source(tensor) for tensor in _listed(tensors)]
        if op == "Concat" and len(sources) == 1:
            return sources[0]
        last = self._add(node.name, op, params, sources)
        if name == "mean":  # over both spatial axes: what is left of them goes too
            last = self._add(f"{node.name}_flat", "Flatten", {}, [last])
        return last


def _listed(tensors: Any) -> Sequence[Any]:
    return tensors if isinstance(tensors, list | tuple) else (tensors,)


def _size(value: Any) -> int | list[int]:
    values = list(value) if isinstance(value, tuple | list) else [value]
    return values[0] if len(set(values)) == 1 else values


Written = tuple[str, Params]


def _conv(layer: nn.Conv2d) -> Written:
    window = {name: _size(getattr(layer, name)) for name in ("kernel_size", "stride", "padding", "dilation")}
    extra = {"groups": layer.groups, "bias": layer.bias is not None, "padding_mode": layer.padding_mode}
    return "Conv2d", {"out_channels": layer.out_channels, **window, **extra}


def _batch_norm(layer: nn.BatchNorm2d) -> Written | None:
    if layer.momentum is None or not layer.track_running_stats:
        return None
    return "BatchNorm2d", {"eps": layer.eps, "momentum": layer.momentum, "affine": layer.affine}


def _max_pool(layer: nn.MaxPool2d) -> Written | None:
    if _size(layer.dilation) != 1:
        return None
    window = {name: _size(getattr(layer, name)) for name in ("kernel_size", "stride", "padding")}
    return "MaxPool2d", {**window, "ceil_mode": layer.ceil_mode}


def _average_pool(layer: nn.AvgPool2d) -> Written | None:
    if layer.divisor_override is not None:
        return None
    window = {name: _size(getattr(layer, name)) for name in ("kernel_size", "stride", "padding")}
    return "AvgPool2d", {**window, "ceil_mode": layer.ceil_mode, "count_include_pad": layer.count_include_pad}


def _plain(op: str) -> Callable[[Any], Written]:
    return lambda layer: (op, {})


_LAYERS: dict[type[nn.Module], Callable[[Any], Written | None]] = {
    nn.Conv2d: _conv,
    nn.BatchNorm2d: _batch_norm,
    nn.Linear: lambda layer: ("Linear", {"out_features": layer.out_features, "bias": layer.bias is not None}),
    nn.MaxPool2d: _max_pool,
    nn.AvgPool2d: _average_pool,
    nn.AdaptiveAvgPool2d: lambda layer: ("AdaptiveAvgPool2d", {"output_size": _size(layer.output_size)}),
    nn.Dropout: lambda layer: ("Dropout", {"p": layer.p}),
    nn.Flatten: lambda layer: ("Flatten", {"start_dim": layer.start_dim, "end_dim": layer.end_dim}),
    nn.ReLU: _plain("ReLU"),
    nn.ReLU6: _plain("ReLU6"),
    nn.SiLU: _plain("SiLU"),
    nn.Sigmoid: _plain("Sigmoid"),
    nn.Hardswish: _plain("Hardswish"),
    nn.Hardsigmoid: _plain("Hardsigmoid"),
    nn.GELU: lambda layer: ("GELU", {"approximate": layer.approximate}),
}


def _argument(node: fx.Node, at: int, name: str, default: Any) -> Any:
    return node.args[at] if len(node.args) > at else node.kwargs.get(name, default)


def _flatten(node: fx.Node) -> Written:
    return "Flatten", {"start_dim": _argument(node, 1, "start_dim", 0), "end_dim": _argument(node, 2, "end_dim", -1)}


def _mean(node: fx.Node) -> Written:
    axes = _argument(node, 1, "dim", None)
    if sorted(_listed(axes)) not in ([2, 3], [-2, -1]) or node.kwargs.get("keepdim"):
        raise _not_possible("mean", f"a mean over {axes} has no operator", node.name)
    return "AdaptiveAvgPool2d", {"output_size": 1}


def _max_pool_call(node: fx.Node) -> Written:
    kernel = _argument(node, 1, "kernel_size", 2)
    stride, padding = _argument(node, 2, "stride", kernel), _argument(node, 3, "padding", 0)
    return "MaxPool2d", {"kernel_size": _size(kernel), "stride": _size(stride), "padding": _size(padding)}


def _average_pool_call(node: fx.Node) -> Written:
    kernel = _argument(node, 1, "kernel_size", 2)
    stride, padding = _argument(node, 2, "stride", kernel), _argument(node, 3, "padding", 0)
    return "AvgPool2d", {"kernel_size": _size(kernel), "stride": _size(stride), "padding": _size(padding)}


_FUNCTIONS: dict[str, Callable[[fx.Node], Written]] = {
    torch.flatten.__name__: _flatten,
    torch.cat.__name__: lambda node: ("Concat", {"dim": _argument(node, 1, "dim", 0)}),
    "mean": _mean,
    python_operator.add.__name__: lambda node: ("Add", {}),
    python_operator.iadd.__name__: lambda node: ("Add", {}),
    "add_": lambda node: ("Add", {}),
    python_operator.mul.__name__: lambda node: ("Multiply", {}),
    F.relu.__name__: lambda node: ("ReLU", {}),
    F.dropout.__name__: lambda node: ("Dropout", {"p": _argument(node, 1, "p", 0.5)}),
    "adaptive_avg_pool2d": lambda node: ("AdaptiveAvgPool2d", {"output_size": _size(node.args[1])}),
    "max_pool2d": _max_pool_call,
    "boolean_dispatch": _max_pool_call,
    "avg_pool2d": _average_pool_call,
}
