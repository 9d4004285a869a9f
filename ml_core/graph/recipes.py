"""Recipes about graphs. Free of torch until one runs."""

from __future__ import annotations

import json
from typing import Any

from ml_core.run.config import RecipeConfig, option
from ml_core.run.context import RunContext
from ml_core.run.registry import recipe

NETWORK = "Network"
DOCUMENT = "architecture.json"


class ImportNetworkConfig(RecipeConfig):
    """Which network to take apart."""

    network: str = option(
        description="Name of a classifier of torchvision, such as resnet18.", group=NETWORK, min_length=1, max_length=60
    )
    classes: int = option(10, description="Outputs of its last layer.", group=NETWORK, ge=1, le=100_000)
    channels: int = option(3, description="Channels of the images.", group=NETWORK, ge=3, le=3)
    height: int = option(224, description="Height of the images.", group=NETWORK, unit="px", ge=16, le=8192)
    width: int = option(224, description="Width of the images.", group=NETWORK, unit="px", ge=16, le=8192)


@recipe(
    "graph.import",
    ImportNetworkConfig,
    title="Take a network apart",
    summary="Writes a classifier of torchvision as a graph whose every layer can be edited.",
    queue="io",
)
def import_network(config: ImportNetworkConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``architecture.json``: the document, the nodes of torchvision's modules, and what was left out."""
    from ml_core.graph.analysis import analyze
    from ml_core.graph.import_network import import_network as take_apart

    shape = (config.channels, config.height, config.width)
    found = take_apart(config.network, classes=config.classes, input_shape=shape)
    budget = analyze(found.document)
    for finding in budget.findings:
        run.log(f"{finding.message} {finding.hint}", "warning")
    if found.left_out:
        run.log(f"Stochastic depth has no operator and is left out in {len(found.left_out)} places.", "warning")
    path = run.artifact_path(DOCUMENT)
    written = {"document": found.document, "modules": found.modules, "left_out": found.left_out}
    path.write_text(json.dumps(written, indent=1), encoding="utf-8")
    run.artifact(path)
    nodes = len(found.document["nodes"])
    run.log(f"{config.network} became {nodes} nodes with {budget.totals.params:,} parameters.")
    return {"metrics": {"nodes": nodes, "parameters": budget.totals.params}}
