"""Heads of detectors in a graph: budgets equal torch's, wrong maps are refused, boxes lead nowhere but out."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from ml_core.graph import analyze, source_map, validate
from ml_core.graph.build import load_model
from ml_core.graph.codegen import model_code
from ml_core.graph.operators.detection import OPERATORS
from ml_core.graph.tests.conftest import Json, edge, graph, node

HEADS = [operator.name for operator in OPERATORS]
SIDE = 96


def detector(head: str = "FCOSHead", ports: tuple[int, ...] = (8, 16, 32), **params: object) -> Json:
    """Strided convolutions down to a 32nd, with a head on some of them."""
    strides = (2, 4, 8, 16, 32)
    layers = [
        node(f"down{stride}", "Conv2d", out_channels=4 + stride, kernel_size=3, stride=2, padding=1)
        for stride in strides
    ]
    nodes = [node("image", "Input", shape=[3, SIDE, SIDE]), *layers, node("head", head, **params)]
    names = ["image", *(layer["id"] for layer in layers)]
    edges = [edge(a, b) for a, b in zip(names, names[1:], strict=False)]
    edges += [edge("image", "head.image"), *(edge(f"down{stride}", f"head.map{stride}") for stride in ports)]
    return graph([*nodes, node("boxes", "Output")], [*edges, edge("head", "boxes")])


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("ports", [(8, 16, 32), (16, 32)])
def test_parameters_and_flops_are_those_of_torch(head: str, ports: tuple[int, ...], tmp_path: Path) -> None:
    document = detector(head, ports, classes=3, width=32)
    assert validate(document) == []
    budget = analyze(document)
    assert budget.output_shape == ["N", 100, 6]
    model = load_model(document, tmp_path).eval()
    own = model.get_submodule("head")
    own.suppress = torch.nn.Identity()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, SIDE, SIDE))
    assert budget.nodes["head"].params == sum(p.numel() for p in own.parameters())
    assert budget.totals.flops == counter.get_total_flops()


@pytest.mark.parametrize("head", HEADS)
def test_it_gives_losses_with_targets_and_rows_without(head: str, tmp_path: Path) -> None:
    model = load_model(detector(head, classes=2, width=32), tmp_path)
    image = torch.rand(2, 3, SIDE, SIDE)
    targets = [
        {"boxes": torch.tensor([[8.0, 8, 60, 70]]), "labels": torch.tensor([1])},
        {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)},
    ]
    losses = model(image, targets)
    loss = torch.stack(list(losses.values())).sum()
    assert all(grad.abs().sum() > 0 for grad in torch.autograd.grad(loss, model.get_submodule("down8").parameters()))
    with torch.no_grad():
        rows = model.eval()(image)
    assert rows.shape == (2, 100, 6)
    scores = rows[:, :, 4]
    assert (scores.diff(dim=1) <= 0).all()
    assert set(rows[scores > 0][:, 5].unique().tolist()) <= {0.0, 1.0}


def test_a_map_of_another_stride_is_refused_at_its_port() -> None:
    document = detector()
    document["edges"] = [e for e in document["edges"] if e["target_port"] != "map16"]
    document["edges"].append(edge("down8", "head.map16"))
    (fault,) = [finding for finding in validate(document) if finding.node == "head"]
    assert (fault.code, fault.port) == ("graph.stride", "map16")
    assert "6 x 6" in fault.message and "(N, 12, 12, 12)" in fault.message
    assert fault.hint


def test_nothing_can_follow_the_boxes() -> None:
    document = detector()
    document["nodes"].append(node("relu", "ReLU"))
    document["edges"] = [e for e in document["edges"] if e["target"] != "boxes"]
    document["edges"] += [edge("head", "relu"), edge("relu", "boxes")]
    (fault,) = validate(document)
    assert (fault.code, fault.node, fault.port) == ("graph.dtype", "relu", "in")
    assert "Output" in fault.hint


def test_a_head_without_its_maps_says_which_is_missing() -> None:
    document = detector()
    document["edges"] = [e for e in document["edges"] if e["target_port"] != "map32"]
    assert ("graph.dangling_port", "head", "map32") in {(f.code, f.node, f.port) for f in validate(document)}


def test_the_code_reads_as_the_graph_does() -> None:
    code = model_code(detector(classes=3)).text
    assert "self.head = FCOSHead([12, 20, 36], [8, 16, 32], 3)" in code
    assert "def forward(self, image, targets=None):" in code
    assert "return self.head(image, [down8, down16, x], targets)" in code
    at = next(n for n, line in enumerate(code.split("\n"), start=1) if "return self.head(" in line)
    assert source_map(detector(classes=3))[at] == ("head", "boxes")
