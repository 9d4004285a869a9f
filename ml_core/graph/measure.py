"""The first look at a document from outside: refuses what is too large, too deep or no JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from ml_core.graph.findings import Finding, structure_fault

MAX_BYTES = 2_000_000
MAX_DEPTH = 12
# JavaScript reads larger integers wrong, so a document holding one would change on its way through the editor.
MAX_INTEGER = 2**53


def read_text(text: str | bytes) -> tuple[Any, Finding | None]:
    """Parse JSON text, or say why it cannot be."""
    if len(text) > MAX_BYTES:
        return None, _too_large()
    try:
        return json.loads(text), None
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else "it is not valid JSON"
        return None, structure_fault(f"The document cannot be read: {reason}.", "Send one JSON object.")


def measure(raw: object) -> Finding | None:
    """Walk the value without recursion, so that depth, size and odd types are refused before anything else."""
    size = 0
    stack: list[tuple[Any, int]] = [(raw, 1)]
    while stack:
        value, depth = stack.pop()
        if depth > MAX_DEPTH:
            return structure_fault(f"The document is nested more than {MAX_DEPTH} levels deep.", "Flatten it.")
        if isinstance(value, Mapping):
            if not all(isinstance(key, str) and _is_unicode(key) for key in value):
                return structure_fault("Every key of the document must be text.", "Send JSON.")
            size += sum(len(key) + 4 for key in value)
            stack.extend((item, depth + 1) for item in value.values())
        elif isinstance(value, list):
            stack.extend((item, depth + 1) for item in value)
        elif isinstance(value, str):
            if not _is_unicode(value):
                return structure_fault("The document holds text that is not valid Unicode.", "Send JSON in UTF-8.")
            size += len(value)
        elif isinstance(value, bool) or value is None:
            pass
        elif isinstance(value, int):
            if abs(value) > MAX_INTEGER:
                return structure_fault("The document holds an integer beyond 2^53.", "Use a smaller number.")
        elif isinstance(value, float):
            if not math.isfinite(value):
                return structure_fault("The document holds a number that is not finite.", "Use a finite number.")
        else:
            return structure_fault(f"The document holds a value of type {type(value).__name__}.", "Send plain JSON.")
        size += 2
        if size > MAX_BYTES:
            return _too_large()
    return None


def _is_unicode(text: str) -> bool:
    """False for half surrogate pairs, which JSON can spell but no file can hold."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _too_large() -> Finding:
    return Finding(
        "graph.too_large", f"The document is larger than {MAX_BYTES:,} bytes.", "A graph of 2,000 nodes needs far less."
    )
