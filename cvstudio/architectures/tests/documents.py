"""Documents that tests start from."""

from __future__ import annotations

from typing import Any

from cvstudio.accounts.models import User
from cvstudio.architectures.models import Architecture
from cvstudio.architectures.services.create_architecture import create_architecture
from ml_core.graph import templates


def lenet(name: str = "LeNet", **changes: Any) -> dict[str, Any]:
    """LeNet for small images; `changes` replace parameters of its first convolution."""
    document = next(entry["document"] for entry in templates((1, 28, 28), 10) if entry["name"] == "lenet")
    nodes = [
        {**node, "params": {**node["params"], **changes}} if node["id"] == "conv1" else node
        for node in document["nodes"]
    ]
    return {**document, "name": name, "nodes": nodes}


def broken(name: str = "Broken") -> dict[str, Any]:
    """A document of sound structure that cannot be trained: its output is not connected."""
    document = lenet(name)
    return {**document, "edges": [edge for edge in document["edges"] if edge["target"] != "logits"]}


def architecture_of(owner: User, name: str = "LeNet", **changes: Any) -> Architecture:
    """A stored architecture."""
    return create_architecture(owner, document=lenet(name, **changes))
