"""Make an architecture from a document or a starter template."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from cvstudio.accounts.models import User
from cvstudio.architectures.errors import ArchitectureError
from cvstudio.architectures.models import Architecture, ArchitectureVersion
from cvstudio.architectures.services.check_document import CheckedDocument, check_document
from cvstudio.architectures.services.clean_view import clean_view
from ml_core.graph import templates
from ml_core.graph.document import FORMAT

MAX_CLASSES = 100_000
MAX_SIZE = 8_192


def create_architecture(
    owner: User,
    *,
    document: object,
    name: str = "",
    description: str = "",
    view: object = None,
    id: uuid.UUID | None = None,
) -> Architecture:
    """Store a new architecture with its first version.

    Args:
        owner: Whose it is.
        document: The graph; it may be invalid, but its structure must be sound.
        name: Shown in lists; the document's own name when empty.
        description: Free text.
        view: Places of nodes and zoom.
        id: Where it is known before; drawn otherwise.

    Raises:
        GraphError: The structure of the document is broken.
    """
    checked = check_document(document)
    title = name.strip() or checked.document["name"] or "Untitled"
    with transaction.atomic():
        architecture = Architecture.objects.create(
            id=id or uuid.uuid4(), owner=owner, name=title, description=description, view=clean_view(view)
        )
        add_version(architecture, checked)
    return architecture


def add_version(architecture: Architecture, checked: CheckedDocument) -> ArchitectureVersion:
    """Append a version and make it the current one. The caller holds the transaction."""
    before = architecture.current_version
    version = ArchitectureVersion.objects.create(
        architecture=architecture,
        number=before.number + 1 if before else 1,
        document=checked.document,
        fingerprint=checked.fingerprint,
        valid=checked.valid,
        facts=checked.facts,
    )
    architecture.current_version = version
    architecture.save(update_fields=["current_version", "updated_at"])
    return version


def document_from_template(
    template: str, *, input_shape: Sequence[int], classes: int, name: str = ""
) -> dict[str, Any]:
    """A starter document for images of a size and a number of classes.

    Raises:
        ArchitectureError: There is no such template, or the numbers are out of bounds.
    """
    if len(input_shape) != 3 or not all(1 <= axis <= MAX_SIZE for axis in input_shape):
        raise ArchitectureError(
            f"The input must be channels, height and width, each from 1 to {MAX_SIZE}.", where="input_shape"
        )
    if not 1 <= classes <= MAX_CLASSES:
        raise ArchitectureError(f"The number of classes must be from 1 to {MAX_CLASSES}.", where="classes")
    offered = {entry["name"]: entry["document"] for entry in templates(tuple(input_shape), classes)}
    if template not in offered:
        raise ArchitectureError(
            f"There is no template {template!r}.",
            code="architecture.unknown_template",
            hint=f"Choose one of {', '.join(offered)}.",
            where="template",
        )
    document: dict[str, Any] = offered[template]
    return {**document, "name": name} if name else document


def empty_document(name: str) -> dict[str, Any]:
    """Input and Output, connected: what is inserted goes in between, so that the drawing stays whole."""
    nodes = [
        {"id": "image", "op": "Input", "params": {"shape": [3, 64, 64]}},
        {"id": "logits", "op": "Output", "params": {}},
    ]
    edges = [{"source": "image", "source_port": "out", "target": "logits", "target_port": "in"}]
    return {"format": FORMAT, "name": name, "nodes": nodes, "edges": edges}
