"""What changed from one document to another, as text."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any

from ml_core.graph.document import sound


def document_text(document: object) -> str:
    """A document as text that compares well: canonical order, sorted keys, one value a line.

    Raises:
        GraphError: The structure is broken.
    """
    return json.dumps(sound(document).as_dict(), indent=2, sort_keys=True, ensure_ascii=False)


def compare_documents(before: Mapping[str, Any], after: Mapping[str, Any], names: tuple[str, str]) -> str:
    """A unified diff; empty when the two are equal.

    Args:
        before: The older document.
        after: The newer document.
        names: What to call them in the head of the diff.

    Raises:
        GraphError: The structure of one of them is broken.
    """
    old, new = document_text(before).splitlines(), document_text(after).splitlines()
    return "\n".join(difflib.unified_diff(old, new, *names, lineterm="", n=4))
