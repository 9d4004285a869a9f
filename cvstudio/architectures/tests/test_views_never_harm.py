"""The view is cleaned, and the small drawing stands on every graph, also a cyclic one."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cvstudio.architectures.miniature import BAND, miniature
from cvstudio.architectures.services.clean_view import clean_view
from ml_core.graph import FORMAT
from ml_core.graph.document import sound

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.fixed_dictionaries({}, optional={"places": JSON_VALUES, "viewport": JSON_VALUES, "else": JSON_VALUES})
    | JSON_VALUES
)
def test_whatever_comes_only_finite_places_stay(raw: object) -> None:
    view = clean_view(raw)
    json.dumps(view, allow_nan=False)
    assert set(view) <= {"places", "viewport"}
    assert all(len(place) == 2 and all(map(math.isfinite, place)) for place in view.get("places", {}).values())
    assert view.get("viewport", {"k": 1})["k"] > 0


def graph(edges: list[tuple[int, int]], size: int) -> Any:
    nodes = [{"id": f"n{i}", "op": "ReLU", "params": {}} for i in range(size)]
    links = [{"source": f"n{a}", "target": f"n{b}"} for a, b in edges]
    return sound({"format": FORMAT, "name": "", "nodes": nodes, "edges": links})


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_any_graph_is_drawn_whole_and_without_overlap(edges: list[tuple[int, int]]) -> None:
    drawing = miniature(graph(edges, 10))
    places = {(x, y) for x, y, _category in drawing["boxes"]}
    assert len(places) == 10
    assert all(0 <= x <= drawing["width"] and 0 <= y <= drawing["height"] for x, y in places)


def test_a_long_chain_goes_on_in_the_next_band() -> None:
    chain = miniature(graph([(i, i + 1) for i in range(2 * BAND - 1)], 2 * BAND))
    assert len({y for _x, y, _category in chain["boxes"]}) == 2


def test_an_empty_graph_has_an_empty_drawing() -> None:
    assert miniature(graph([], 0))["boxes"] == []
