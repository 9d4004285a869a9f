"""Small graphs for tests, and the real model of a graph on torch's meta device."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from ml_core.graph.build import load_model
from ml_core.graph.document import FORMAT

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def node(node_id: str, op: str, **params: Any) -> Json:
    return {"id": node_id, "op": op, "params": params}


def edge(source: str, target: str) -> Json:
    """``edge("a", "b.in1")``: from a's output to b's port ``in1`` (``in`` when not named)."""
    name, _, port = target.partition(".")
    return {"source": source, "source_port": "out", "target": name, "target_port": port or "in"}


def graph(nodes: list[Json], edges: list[Json], name: str = "test") -> Json:
    return {"format": FORMAT, "name": name, "nodes": nodes, "edges": edges}


def single(op: str, shapes: dict[str, tuple[int, ...]], params: Json, dtype: str = "float32") -> Json:
    """One operator between an Input for each of its ports and the Output."""
    inputs = [node(f"i_{port}", "Input", shape=list(shape), dtype=dtype) for port, shape in shapes.items()]
    edges = [edge(f"i_{port}", f"layer.{port}") for port in shapes]
    nodes = [*inputs, node("layer", op, **params), node("result", "Output")]
    return graph(nodes, [*edges, edge("layer", "result")])


def chain(shape: tuple[int, ...], *layers: Json) -> Json:
    nodes = [node("image", "Input", shape=list(shape)), *layers, node("result", "Output")]
    return graph(nodes, [edge(a["id"], b["id"]) for a, b in zip(nodes, nodes[1:], strict=False)])


def real_model(document: Json, folder: Path, device: str = "meta") -> torch.nn.Module:
    with torch.device(device):
        return load_model(document, folder, pretrained=False)
