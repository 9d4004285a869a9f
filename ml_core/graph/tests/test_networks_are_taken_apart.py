from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from ml_core.errors import GraphError
from ml_core.graph import analyze
from ml_core.graph.build import load_model
from ml_core.graph.import_network import _NO_SIDE_HEADS, ImportedNetwork, import_network, known_networks
from ml_core.graph.importable import IMPORTABLE
from ml_core.run.cli import EXIT_FAILED, main


def renamed(model: nn.Module, found: ImportedNetwork) -> dict[str, torch.Tensor]:
    """The weights of torchvision's network under the names of the graph's nodes."""
    return {
        f"{node}.{name}": tensor
        for path, node in found.modules.items()
        for name, tensor in model.get_submodule(path).state_dict().items()
    }


QUICK = ("resnet18", "squeezenet1_1", "mobilenet_v2", "mobilenet_v3_small")
SLOW = ("efficientnet_b0", "googlenet", "densenet121", "mnasnet0_5", "inception_v3", "regnet_y_400mf")


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_the_graph_computes_what_the_network_computes(name: str, tmp_path: Path) -> None:
    side = 96 if name == "inception_v3" else 64
    torch.manual_seed(0)
    settings = _NO_SIDE_HEADS.get(name, {})
    theirs = torchvision.models.get_model(name, weights=None, num_classes=7, **settings).eval()
    found = import_network(name, classes=7, input_shape=(3, side, side))
    ours = load_model(found.document, tmp_path).eval()
    ours.load_state_dict(renamed(theirs, found))  # strict: every tensor has its place, and none is left
    images = torch.randn(2, 3, side, side)
    with torch.inference_mode():
        torch.testing.assert_close(ours(images), theirs(images), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_the_list_names_all_that_can_be_taken_apart_whole() -> None:
    slow_to_build = ("regnet_x_16gf", "regnet_x_32gf", "regnet_y_16gf", "regnet_y_32gf", "regnet_y_128gf")
    possible = []
    for name in known_networks():
        if name.startswith(("vit", "swin", "maxvit", *slow_to_build)):
            continue
        try:
            found = import_network(name)
        except GraphError as error:
            assert error.code == "graph.not_importable"
            continue
        budget = analyze(found.document)
        assert not [finding for finding in budget.findings if finding.severity == "error"], name
        possible.append(name)
    assert possible == sorted(IMPORTABLE)


def test_what_has_no_operator_is_named() -> None:
    with pytest.raises(GraphError, match="permute"):
        import_network("convnext_tiny")
    with pytest.raises(GraphError, match="no classifier"):
        import_network("../../etc/passwd")
    with pytest.raises(GraphError, match="no classifier"):
        import_network("fasterrcnn_resnet50_fpn")


def test_the_recipe_leaves_a_document_of_the_wanted_size(tmp_path: Path) -> None:
    sets = ["network=mobilenet_v3_small", "classes=4", "height=96", "width=128"]
    arguments = [part for key in sets for part in ("--set", key)]
    assert main(["graph.import", *arguments, "--out", str(tmp_path / "run")]) == 0
    written = json.loads((tmp_path / "run/artifacts/architecture.json").read_text())
    budget = analyze(written["document"])
    assert budget.input_shapes == {"image": ["N", 3, 96, 128]}
    assert budget.output_shape == ["N", 4]
    assert set(written["modules"].values()) <= {node["id"] for node in written["document"]["nodes"]}
    assert main(["graph.import", "--set", "network=nothing", "--out", str(tmp_path / "other")]) == EXIT_FAILED
