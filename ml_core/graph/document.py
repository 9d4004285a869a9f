"""The graph document: what it looks like, how hostile input is refused, and its canonical text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ml_core.errors import GraphError
from ml_core.graph.findings import Finding, show, structure_fault
from ml_core.graph.measure import measure, read_text

FORMAT = "cvstudio.graph/1"
MAX_NODES = 2_000
MAX_EDGES = 8_000
MAX_NAME = 200

# Node ids become attribute names and state-dict keys. ASCII only: Python folds other alphabets (NFKC),
# so two different ids could become one attribute. A leading underscore would be mangled or hide a module field.
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Node:
    """One operator placed in the graph."""

    id: str
    op: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edge:
    """A tensor that flows from an output port to an input port."""

    source: str
    source_port: str
    target: str
    target_port: str

    @property
    def key(self) -> str:
        """Text such as ``conv1.out->relu1.in`` that names the edge in results."""
        return f"{self.source}.{self.source_port}->{self.target}.{self.target_port}"


@dataclass(frozen=True, slots=True)
class Document:
    """A graph whose structure is sound: every field has the right type and every size is within its limit."""

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def as_dict(self) -> dict[str, Any]:
        """The document as plain JSON, in canonical order."""
        return {
            "format": FORMAT,
            "name": self.name,
            "nodes": [
                {"id": node.id, "op": node.op, "params": dict(node.params)}
                for node in sorted(self.nodes, key=lambda node: node.id)
            ],
            "edges": [
                {
                    "source": edge.source,
                    "source_port": edge.source_port,
                    "target": edge.target,
                    "target_port": edge.target_port,
                }
                for edge in sorted(self.edges, key=lambda e: (e.source, e.source_port, e.target, e.target_port))
            ],
        }


def is_identifier(text: str) -> bool:
    """Whether ``text`` has the form of a node id (keywords and reserved names are checked by `validate`)."""
    return _ID.fullmatch(text) is not None


def canonical(document: object) -> str:
    """The one text of a document: sorted keys, nodes and edges, no spaces, ASCII.

    Two documents that differ only in order have the same canonical text.

    Args:
        document: A document as a mapping, JSON text or `Document`.

    Raises:
        GraphError: The structure is broken; ``where`` names the node.
    """
    return json.dumps(sound(document).as_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def fingerprint(document: object) -> str:
    """``sha256:`` and the hash of the canonical text."""
    return "sha256:" + hashlib.sha256(canonical(document).encode("ascii")).hexdigest()


def sound(document: object) -> Document:
    """`read_document` for callers that cannot go on with a broken structure.

    Raises:
        GraphError: The first fault of the structure.
    """
    parsed, findings = read_document(document)
    if findings or parsed is None:
        first = findings[0]
        raise GraphError(first.message, code=first.code, hint=first.hint, where=first.node)
    return parsed


def read_document(raw: object) -> tuple[Document | None, list[Finding]]:
    """Read whatever a client sent.

    Broken nodes and edges are left out of the result and reported, so that the rest can still be checked.

    Args:
        raw: A mapping, JSON text or bytes, or a `Document` (returned as it is).

    Returns:
        The document (None when nothing of it can be used) and the faults of its structure.
    """
    if isinstance(raw, Document):
        return raw, []
    if isinstance(raw, str | bytes):
        raw, fault = read_text(raw)
        if fault:
            return None, [fault]
    fault = measure(raw)
    if fault:
        return None, [fault]
    if not isinstance(raw, Mapping):
        return None, [structure_fault("A graph document must be a JSON object.", "Send {format, name, nodes, edges}.")]
    return _read_mapping(raw)


def _read_mapping(raw: Mapping[str, Any]) -> tuple[Document | None, list[Finding]]:
    findings = [
        structure_fault(f"The document has an unknown key {show(key)}.", "Keep only format, name, nodes and edges.")
        for key in raw
        if key not in ("format", "name", "nodes", "edges")
    ]
    if raw.get("format") != FORMAT:
        findings.append(
            Finding(
                "graph.format",
                f"The format of the document is {show(raw.get('format'))}.",
                f'Set format to "{FORMAT}".',
            )
        )
    name = raw.get("name", "")
    if not isinstance(name, str) or len(name) > MAX_NAME:
        findings.append(
            structure_fault(f"The name must be text of at most {MAX_NAME} characters.", "Shorten the name.")
        )
        name = ""
    for key, limit in (("nodes", MAX_NODES), ("edges", MAX_EDGES)):
        entries = raw.get(key, [])
        if not isinstance(entries, list):
            findings.append(structure_fault(f"The value of {key} must be a list.", f"Send {key} as a list of objects."))
            return None, findings
        if len(entries) > limit:
            findings.append(
                Finding(
                    "graph.too_large",
                    f"The document has {len(entries)} {key}; at most {limit} are allowed.",
                    "Use composite operators such as ResidualBlock, or a backbone, instead of single layers.",
                )
            )
            return None, findings
    nodes, node_findings = _read_nodes(raw.get("nodes", []))
    edges, edge_findings = _read_edges(raw.get("edges", []))
    return Document(name, tuple(nodes), tuple(edges)), findings + node_findings + edge_findings


def _read_nodes(entries: list[Any]) -> tuple[list[Node], list[Finding]]:
    nodes: list[Node] = []
    findings: list[Finding] = []
    seen: set[str] = set()
    for position, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            findings.append(structure_fault(f"Entry {position} of nodes is not an object.", "Send {id, op, params}."))
            continue
        node_id, op, params = entry.get("id"), entry.get("op"), entry.get("params", {})
        if not isinstance(node_id, str) or not node_id:
            findings.append(structure_fault(f"Entry {position} of nodes has no id.", "Give every node a text id."))
            continue
        extra = [key for key in entry if key not in ("id", "op", "params")]
        if extra:
            findings.append(
                structure_fault(f"Node {show(node_id)} has an unknown key {show(extra[0])}.", "Remove it.", node_id)
            )
        if not isinstance(op, str) or not isinstance(params, Mapping):
            findings.append(
                structure_fault(
                    f"Node {show(node_id)} needs op (text) and params (object).", "Correct the node.", node_id
                )
            )
            op, params = op if isinstance(op, str) else "", {}
        if node_id in seen:
            findings.append(
                Finding(
                    "graph.duplicate_id",
                    f"Two nodes have the id {show(node_id)}.",
                    "Rename one of them.",
                    node_id,
                )
            )
            continue
        seen.add(node_id)
        nodes.append(Node(node_id, op, params))
    return nodes, findings


def _read_edges(entries: list[Any]) -> tuple[list[Edge], list[Finding]]:
    edges: list[Edge] = []
    findings: list[Finding] = []
    for position, entry in enumerate(entries):
        fields = ("source", "source_port", "target", "target_port")
        if not isinstance(entry, Mapping) or not set(entry) <= set(fields):
            findings.append(
                structure_fault(f"Entry {position} of edges is not an edge.", f"Send {{{', '.join(fields)}}}.")
            )
            continue
        # The two ports may be left out: nearly every operator has one input `in` and one output `out`.
        values = [entry.get("source"), entry.get("source_port", "out")]
        values += [entry.get("target"), entry.get("target_port", "in")]
        if not all(isinstance(value, str) for value in values):
            findings.append(
                structure_fault(f"Entry {position} of edges must name nodes and ports by text.", "Correct the edge.")
            )
            continue
        edges.append(Edge(*values))
    return edges, findings
