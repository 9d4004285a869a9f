"""The feature maps inside any traceable network: a classifier becomes the body of a detector."""

from __future__ import annotations

import inspect
import math
from typing import Any

import torch
from torch import Tensor, fx, nn
from torchvision import ops
from torchvision.models.feature_extraction import NodePathTracer, create_feature_extractor

from ml_core.errors import GraphError

STRIDES = (8, 16, 32)
_LEAST_MAPS = 2
#: Modules that are one step in the graph, as `create_feature_extractor` has it, so that names agree.
_WHOLE = [one for one in vars(ops).values() if inspect.isclass(one) and issubclass(one, nn.Module)]


class FeatureMaps(nn.Module):
    """Runs a network up to its last map of each stride and gives these maps, the finest first.

    Args:
        network: An image classifier, (N, 3, H, W) to anything; what stands behind its last map is cut off.
        size: (height, width) for which the network was drawn.
        strides: Of the maps.

    Raises:
        GraphError: It cannot be followed, or has fewer than two maps of these strides.
    """

    def __init__(self, network: nn.Module, size: tuple[int, int], strides: tuple[int, ...] = STRIDES) -> None:
        super().__init__()
        found = find_maps(network, size, strides)
        self.strides = list(found)
        self.channels = [channels for _, channels in found.values()]
        self.body = create_feature_extractor(network, {name: str(stride) for stride, (name, _) in found.items()})

    def forward(self, images: Tensor) -> list[Tensor]:
        """(N, 3, H, W) to a map of each stride."""
        maps: dict[str, Tensor] = self.body(images)
        return [maps[str(stride)] for stride in self.strides]


def find_maps(
    network: nn.Module, size: tuple[int, int], strides: tuple[int, ...] = STRIDES
) -> dict[int, tuple[str, int]]:
    """The last map of each stride through which all that follows must go: its name in the graph and its channels.

    Inside a residual block the way goes along two branches, so its middle is never taken.

    Raises:
        GraphError: It cannot be followed, or has fewer than two maps of these strides.
    """
    was_training = network.training
    network.eval()
    try:
        tracer = NodePathTracer(leaf_modules=_WHOLE)
        graph = tracer.trace(network)
        shapes = _Shapes(fx.GraphModule(network, graph))
        with torch.no_grad():
            shapes.run(torch.zeros(1, 3, *size))
    except Exception as error:  # a network may do anything, and each fault of tracing has a type of its own
        raise GraphError(
            "The network cannot be followed from its input to its feature maps.",
            code="graph.untraceable",
            hint="Choose another network, or a named backbone.",
        ) from error
    finally:
        network.train(was_training)
    found: dict[int, tuple[str, int]] = {}
    for node in _narrow_places(graph):
        shape = shapes.known.get(node)
        if shape is None or len(shape) != 4 or min(shape[2:]) < 2:
            continue
        stride = 2 ** round(math.log2(size[0] / shape[2]))
        if stride in strides and node in tracer.node_to_qualname:
            found[stride] = (tracer.node_to_qualname[node], shape[1])
    if len(found) < _LEAST_MAPS:
        raise GraphError(
            "The network has too few feature maps to stand on.",
            code="graph.feature_maps",
            hint="Let convolutions or pooling lower the resolution step by step, to a 16th at least.",
        )
    return dict(sorted(found.items()))


def _narrow_places(graph: fx.Graph) -> list[fx.Node]:
    """Nodes whose value alone is needed by all that follows."""
    order = {node: position for position, node in enumerate(graph.nodes)}
    last_use = {node: max((order[user] for user in node.users), default=-1) for node in graph.nodes}
    alive: set[fx.Node] = set()
    narrow = []
    for node in graph.nodes:
        alive = {earlier for earlier in alive if last_use[earlier] > order[node]}
        if not alive:
            narrow.append(node)
        alive.add(node)
    return narrow


class _Shapes(fx.Interpreter):
    """Notes the shape of every tensor on the way."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.known: dict[fx.Node, tuple[int, ...]] = {}

    def run_node(self, node: fx.Node) -> Any:
        """As the parent; the value's shape is kept."""
        value = super().run_node(node)
        if isinstance(value, Tensor):
            self.known[node] = tuple(value.shape)
        return value
