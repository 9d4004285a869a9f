"""Write the package of a graph, and keep it when it belongs to a stored version."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cvstudio.architectures.models import ArchitectureVersion, GeneratedCode
from ml_core.graph import generate, source_map

EPOCH = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Code:
    """A generated package.

    Attributes:
        files: Text of each file.
        sha256: Hash over names and texts.
        source_map: For each file, the nodes behind its lines (numbered from 1).
    """

    files: dict[str, str]
    sha256: str
    source_map: dict[str, dict[int, tuple[str, ...]]]


def generate_code(document: object, settings: Mapping[str, Any] | None = None) -> Code:
    """Write the package of a document.

    Raises:
        GraphError: The graph has faults, or a setting is out of bounds.
    """
    files = generate(document, settings or {})
    return Code(files, hash_files(files), {"model.py": source_map(document)})


def store_code(version: ArchitectureVersion, settings: Mapping[str, Any] | None = None) -> GeneratedCode:
    """Write the package of a stored version and keep it; equal code is kept once.

    Raises:
        GraphError: The version is invalid, or a setting is out of bounds.
    """
    code = generate_code(version.document, settings)
    stored, _created = GeneratedCode.objects.get_or_create(
        version=version, sha256=code.sha256, defaults={"files": code.files, "settings": dict(settings or {})}
    )
    return stored


def hash_files(files: Mapping[str, str]) -> str:
    """SHA-256 over names and texts, whatever their order."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def pack_code(files: Mapping[str, str], folder: str) -> bytes:
    """The package as a zip; equal files give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(f"{folder}/{name}", EPOCH), files[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
