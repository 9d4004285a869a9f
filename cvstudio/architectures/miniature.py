"""A small drawing of a graph for cards: boxes by layer, from left to right, in bands when it is long."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ml_core.graph.document import Document
from ml_core.graph.operators import OPERATORS

BAND = 18
LIMIT = 400
STEP_X, STEP_Y = 20, 14
WIDTH, HEIGHT = 14, 8
SMALLEST = 10 * STEP_X

Json = dict[str, Any]


def miniature(document: Document) -> Json:
    """Boxes and lines in a coordinate system of their own.

    Args:
        document: A sound document; beyond `LIMIT` nodes the rest is left out.

    Returns:
        ``width`` and ``height`` of the drawing, ``boxes`` as (x, y, category), ``lines`` as (x1, y1, x2, y2).
    """
    nodes = document.nodes[:LIMIT]
    layer_of = _layers(document)
    columns: dict[int, list[str]] = defaultdict(list)
    for node in nodes:
        columns[layer_of[node.id]].append(node.id)
    places, width, height = _places(columns)
    lines = [
        (places[edge.source][0] + WIDTH, places[edge.source][1] + HEIGHT // 2, *_entry(places[edge.target]))
        for edge in document.edges
        if edge.source in places and edge.target in places
    ]
    boxes = [(*places[node.id], _category(node.op)) for node in nodes]
    return {"width": width, "height": height, "boxes": boxes, "lines": lines}


def _entry(place: tuple[int, int]) -> tuple[int, int]:
    return place[0], place[1] + HEIGHT // 2


def _category(op: str) -> str:
    operator = OPERATORS.get(op)
    return operator.category if operator else "unknown"


def _layers(document: Document) -> dict[str, int]:
    """Longest way from a start for each node; nodes on a cycle come last."""
    waiting = {node.id: 0 for node in document.nodes}
    following: dict[str, list[str]] = defaultdict(list)
    for edge in document.edges:
        if edge.source in waiting and edge.target in waiting:
            following[edge.source].append(edge.target)
            waiting[edge.target] += 1
    layer = {node_id: 0 for node_id, before in waiting.items() if not before}
    queue = list(layer)
    for node_id in queue:
        for target in following[node_id]:
            layer[target] = max(layer.get(target, 0), layer[node_id] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                queue.append(target)
    last = max(layer.values(), default=-1) + 1
    return {node.id: layer[node.id] if not waiting[node.id] else last for node in document.nodes}


def _places(columns: dict[int, list[str]]) -> tuple[dict[str, tuple[int, int]], int, int]:
    places: dict[str, tuple[int, int]] = {}
    top = 0
    bands = -(-(max(columns, default=0) + 1) // BAND)
    for band in range(bands):
        layers = [columns.get(band * BAND + column, []) for column in range(BAND)]
        rows = max(1, *(len(layer) for layer in layers))
        for column, layer in enumerate(layers):
            for row, node_id in enumerate(layer):
                y = top + (2 * row + rows - len(layer)) * STEP_Y // 2
                places[node_id] = (column * STEP_X, y)
        top += rows * STEP_Y + STEP_Y // 2
    width = max((x for x, _ in places.values()), default=0) + WIDTH
    height = max((y for _, y in places.values()), default=0) + HEIGHT
    # A graph of three nodes is drawn as small as one of ten: the boxes of a list have one size.
    shift = max(0, SMALLEST - width) // 2
    return {key: (x + shift, y) for key, (x, y) in places.items()}, max(width, SMALLEST), height
