"""Where pictures came from: characters of one source share a style, and scores must be seen for each by itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ml_core.anime.errors import CollectionError

MANIFEST: Final = "manifest.json"
_MAX_BYTES: Final = 64 * 2**20
_PARTS: Final = 2  # character and file: manifests often begin at another folder


def read_sources(root: Path, given: str, paths: Sequence[str]) -> list[str]:
    """The source of each picture, empty where it is not known.

    A list of objects with ``path`` and ``source`` is looked for at ``given``, or in the collection's folder and the one
    above it. Paths are compared by character and file name.

    Raises:
        CollectionError: ``anime.sources``, the file that was named cannot be read.
    """
    candidates = [Path(given)] if given else [root / MANIFEST, root.parent / MANIFEST]
    for candidate in candidates:
        if candidate.is_file() and candidate.stat().st_size <= _MAX_BYTES:
            known = _read(candidate, must=bool(given))
            return [known.get(_key(path), "") for path in paths]
    if given:
        raise _unreadable(given)
    return [""] * len(paths)


def _read(path: Path, *, must: bool) -> dict[str, str]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {_key(row["path"]): str(row.get("source", "")).split("@")[0] for row in rows}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if must:
            raise _unreadable(path.name) from error
        return {}


def _key(path: str) -> str:
    return "/".join(path.split("/")[-_PARTS:])


def _unreadable(name: str) -> CollectionError:
    return CollectionError(
        "The list of sources cannot be read.",
        code="anime.sources",
        hint='Give a JSON list of objects with "path" and "source", or leave it empty.',
        where=name,
    )
