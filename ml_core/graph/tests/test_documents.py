from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_core.errors import GraphError
from ml_core.graph import MAX_NODES, analyze, canonical, fingerprint, generate, templates, validate
from ml_core.graph.tests.conftest import Json, chain, edge, graph, node


def shuffled(document: Json, seed: int) -> Json:
    r = random.Random(seed)
    nodes = [dict(r.sample(list(item.items()), len(item))) for item in document["nodes"]]
    return {"edges": r.sample(document["edges"], len(document["edges"])), "nodes": r.sample(nodes, len(nodes)),
            "name": document["name"], "format": document["format"]}  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_order_changes_neither_the_canonical_text_nor_the_code(seed: int) -> None:
    for template in templates():
        document = template["document"]
        other = shuffled(document, seed)
        assert canonical(other) == canonical(document)
        assert fingerprint(other) == fingerprint(document)
        assert generate(other) == generate(document)


def test_the_canonical_text_is_read_back_as_itself() -> None:
    text = canonical(templates()[2]["document"])
    assert canonical(text) == text
    assert canonical(json.loads(text)) == text


def test_a_changed_parameter_changes_the_fingerprint() -> None:
    first = chain((3, 8, 8), node("conv", "Conv2d", out_channels=4))
    second = chain((3, 8, 8), node("conv", "Conv2d", out_channels=5))
    assert fingerprint(first) != fingerprint(second)


def test_ids_that_differ_in_leading_zeros_keep_one_order() -> None:
    nodes = [
        node("image", "Input", shape=[4]),
        node("a1", "ReLU"),
        node("a01", "Tanh"),
        node("out", "Output"),
        node("m", "Add"),
    ]
    edges = [edge("image", "a1"), edge("image", "a01"), edge("a1", "m.in0"), edge("a01", "m.in1"), edge("m", "out")]
    document = graph(nodes, edges)
    assert generate(graph(nodes[::-1], edges[::-1])) == generate(document)


def test_edges_without_port_names_take_the_usual_ports() -> None:
    document = chain((3, 8, 8), node("relu", "ReLU"))
    short = {**document, "edges": [{"source": e["source"], "target": e["target"]} for e in document["edges"]]}
    assert canonical(short) == canonical(document)


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def endless() -> Json:
    document: Json = graph([], [])
    document["nodes"].append({"id": "a", "op": "ReLU", "params": document})
    return document


HOSTILE: dict[str, Any] = {
    "nothing": None,
    "a number": 7,
    "a list": [],
    "an object of another kind": object(),
    "no JSON": "{",
    "bytes that are no text": b"\xff\xfe\x00",
    "text of a list": "[]",
    "text that is nested deeply": "[" * 100_000,
    "a huge text": "[" + "1," * 2_000_000 + "1]",
    "a number of many digits": '{"nodes": ' + "9" * 5_000 + "}",
    "nested lists": graph([node("a", "Reshape", shape=deep(1_000))], []),
    "a cycle of Python objects": endless(),
    "keys that are no text": {1: 2},
    "not a number": graph([node("a", "Dropout", p=float("nan"))], []),
    "infinity": graph([node("a", "Dropout", p=float("inf"))], []),
    "a huge integer": graph([node("a", "Linear", out_features=10**400)], []),
    "bytes as a value": graph([node("a", "Softmax", dim=b"1")], []),
    "an id of very many digits": graph([node("a" + "1" * 9_000, "ReLU"), node("a²", "ReLU")], []),
    "half a surrogate pair": graph([node("\ud800", "ReLU")], []),
    "nodes that are text": {"format": "cvstudio.graph/1", "nodes": "abc", "edges": []},
    "nodes that are numbers": graph([1, 2, None], []),  # type: ignore[list-item]
    "nodes without an id": graph([{"op": "ReLU"}], []),
    "an id that is a list": graph([{"id": [], "op": "ReLU"}], []),
    "an op that is an object": graph([{"id": "a", "op": {}}], []),
    "params that are a list": graph([{"id": "a", "op": "ReLU", "params": [1]}], []),
    "edges that are numbers": graph([], [1]),  # type: ignore[list-item]
    "edges of numbers": graph([], [{"source": 1, "target": 2}]),
    "too many nodes": graph([node(f"n{i}", "ReLU") for i in range(MAX_NODES + 1)], []),
    "a long name": graph([], [], name="x" * 10_000),
    "an unknown key": {**graph([], []), "view": {}},
    "another format": {**graph([], []), "format": "onnx"},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_gives_findings_and_never_an_exception(name: str) -> None:
    findings = validate(HOSTILE[name])
    assert any(finding.severity == "error" for finding in findings)
    for finding in findings:
        assert finding.message.endswith(".") and len(finding.message) < 400
        assert finding.message.isprintable()
    assert analyze(HOSTILE[name]).findings == findings
    for function in (canonical, fingerprint, generate):
        try:
            function(HOSTILE[name])
        except GraphError as error:
            assert error.code and error.message.endswith(".")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
IDS = st.sampled_from(["image", "a", "b", "class", "forward", "x y", "", "__init__", "é", "a.b", "self", "F"])
OPS = st.sampled_from(["Input", "Output", "Conv2d", "Linear", "Add", "Reshape", "MultiheadAttention", "ResNet", "No"])
PARAMS = st.dictionaries(st.text(max_size=8), JSON, max_size=3)
PORTS = st.text(max_size=4)
NODES = st.fixed_dictionaries({"id": IDS | JSON, "op": OPS | JSON}, optional={"params": PARAMS | JSON})
ENDS = {"source": IDS | JSON, "target": IDS | JSON}
EDGES = st.fixed_dictionaries(ENDS, optional={"source_port": PORTS, "target_port": PORTS})
DOCUMENTS = st.fixed_dictionaries(
    {"format": st.just("cvstudio.graph/1"), "nodes": st.lists(NODES, max_size=6), "edges": st.lists(EDGES, max_size=8)}
)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS | JSON)
def test_random_documents_never_raise_anything_but_graph_errors(document: Any) -> None:
    json.dumps([finding.as_dict() for finding in validate(document)])
    json.dumps(analyze(document).as_dict())
    try:
        generate(document)
    except GraphError as error:
        assert error.message


def test_a_document_of_faults_alone_is_refused_quickly() -> None:
    import time

    nodes = [node(f"n{i}", f"Unknown{i}", bad=1) for i in range(MAX_NODES)]
    edges = [edge(f"m{i}", f"n{i % MAX_NODES}") for i in range(8_000)]
    circle = [node(f"r{i}", "ReLU") for i in range(MAX_NODES)]
    around = [edge(f"r{i}", f"r{(i + 1) % 500}" if i < 500 else f"r{i + 1}") for i in range(MAX_NODES - 1)]
    tail = [edge("r0", "r500.in")]
    start = time.process_time()
    assert len(validate(graph(nodes, edges))) >= 10_000
    assert any(finding.code == "graph.cycle" for finding in validate(graph(circle, [*around, *tail])))
    assert time.process_time() - start < 5
