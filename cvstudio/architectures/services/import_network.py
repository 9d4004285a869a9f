"""Takes a network of torchvision apart into an architecture, by a run."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from cvstudio.architectures.models import Architecture
from cvstudio.architectures.services.create_architecture import create_architecture
from cvstudio.runs.folders import run_folder
from cvstudio.runs.hooks import on_completed
from cvstudio.runs.models import Run
from cvstudio.runs.services.create_run import create_run
from ml_core.errors import GraphError
from ml_core.graph.importable import IMPORTABLE

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

RECIPE = "graph.import"


def start_network_import(
    owner: User, *, network: str, name: str = "", classes: int = 10, height: int = 224, width: int = 224
) -> Run:
    """Queue it; `architecture_of` tells which architecture comes of it.

    Raises:
        GraphError: The network cannot be taken apart.
        QuotaError: Too many runs of this person wait already.
    """
    if network not in IMPORTABLE:
        raise GraphError(
            f'"{network}" cannot be taken apart.', code="graph.not_importable",
            hint=f"These can: {', '.join(IMPORTABLE)}.", where="network",
        )  # fmt: skip
    config = {"network": network, "classes": classes, "height": height, "width": width}
    return create_run(owner=owner, recipe=RECIPE, config=config, name=name or network)


def architecture_of(run: Run) -> uuid.UUID:
    """Id of the architecture that the run makes: it follows from the run, so that none is made twice."""
    return uuid.uuid5(run.id, RECIPE)


@on_completed(RECIPE)
def make_architecture(run: Run) -> None:
    """Store the document that the run has written. Called again for the same run it does nothing."""
    if Architecture.objects.filter(id=architecture_of(run)).exists():
        return
    text = (run_folder(run.id) / "artifacts" / "architecture.json").read_text(encoding="utf-8")
    create_architecture(run.owner, document=json.loads(text)["document"], name=run.name, id=architecture_of(run))
