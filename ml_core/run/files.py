"""Durable small files: written beside the target, flushed to disk, then moved over it in one step."""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any

_HASH_BLOCK_BYTES = 1 << 20


def json_safe(value: Any) -> Any:
    """A copy in which non-finite floats are the strings ``NaN``, ``Infinity`` and ``-Infinity``.

    JSON has no such numbers, and browsers refuse a line that holds them.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    return value


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON text of ``value``; the fast path serves the usual case of finite numbers."""
    separators = (",", ":") if indent is None else None
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, indent=indent, separators=separators)
    except ValueError:
        return json.dumps(json_safe(value), allow_nan=False, ensure_ascii=False, indent=indent, separators=separators)


def sync_folder(folder: Path) -> None:
    """Flush a folder's own entries, without which a rename may be lost with the power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomic(path: Path, content: bytes) -> None:
    """Replace ``path`` so that a reader sees the old content or the new one, never a part."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)  # mkstemp makes private files; a run is read by the web process too
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_json_atomic(path: Path, value: Any) -> None:
    """Replace ``path`` by the indented JSON text of ``value``."""
    write_atomic(path, (to_json(value, indent=2) + "\n").encode())


def sha256_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
