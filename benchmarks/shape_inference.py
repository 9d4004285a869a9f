"""How long the editor waits: shapes, cost and code of a graph of 200 nodes, and of the largest one allowed.

    python -m benchmarks.shape_inference

Prints milliseconds (median of 15); fails when 200 nodes take 50 ms or more, or when torch was imported.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from ml_core.graph import FORMAT, MAX_NODES, analyze, generate, validate

BUDGET_MS = 50.0
ROUNDS = 15


def residual_network(size: int) -> dict[str, Any]:
    """A residual network of single layers with ``size`` nodes."""
    nodes: list[dict[str, Any]] = [{"id": "image", "op": "Input", "params": {"shape": [3, 64, 64]}}]
    edges: list[dict[str, str]] = []

    def add(node_id: str, op: str, *sources: str, **params: Any) -> str:
        nodes.append({"id": node_id, "op": op, "params": params})
        ports = [f"in{i}" for i in range(len(sources))] if len(sources) > 1 else ["in"]
        for source, port in zip(sources, ports, strict=True):
            edges.append({"source": source, "source_port": "out", "target": node_id, "target_port": port})
        return node_id

    last = add("conv0", "Conv2d", "image", out_channels=32, kernel_size=3, padding=1)
    number = 0
    while len(nodes) + 7 <= size:
        number += 1
        x = add(f"conv{number}", "Conv2d", last, out_channels=32, kernel_size=3, padding=1)
        x = add(f"relu{number}", "ReLU", add(f"norm{number}", "BatchNorm2d", x))
        last = add(f"add{number}", "Add", x, last)
    while len(nodes) + 3 < size:
        number += 1
        last = add(f"gelu{number}", "GELU", last)
    add("logits", "Output", add("fc", "Linear", add("flatten", "Flatten", last)))
    return {"format": FORMAT, "name": "benchmark", "nodes": nodes, "edges": edges}


def median_ms(function: Callable[[], object]) -> float:
    """Median time of a call."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        function()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def main() -> int:
    document = residual_network(200)
    assert len(document["nodes"]) == 200
    assert not validate(document)
    results = {
        "analyze, 200 nodes": median_ms(lambda: analyze(document)),
        "validate, 200 nodes": median_ms(lambda: validate(document)),
        "generate, 200 nodes": median_ms(lambda: generate(document)),
    }
    largest = residual_network(MAX_NODES)
    results[f"analyze, {len(largest['nodes']):,} nodes"] = median_ms(lambda: analyze(largest))
    for name, value in results.items():
        print(f"{name}: {value:.1f} ms")
    if "torch" in sys.modules:
        print("torch was imported")
        return 1
    return 0 if results["analyze, 200 nodes"] < BUDGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
