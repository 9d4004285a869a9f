"""Examine a collection, and keep what was found."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from typing import Any, Final

from django.db import transaction

from anime.models import CharacterImage, Collection
from anime.selectors import require_ready
from anime.services.write_known import write_known
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.create_run import create_run
from cvstudio.runs.states import ACTIVE
from ml_core.errors import CodedError, FormatError

logger = logging.getLogger(__name__)

RECIPE: Final = "anime.health"
HEALTH_FILE: Final = "health.json"
#: Up to here a collection is examined without being asked: it takes less than about two minutes.
EXAMINED_UNASKED: Final = 3_000
_LISTED: Final = 500
#: Lists of paths in the report, and the flags that they become.
_FLAGS: Final = {"extension_lies": "extension", "laid_over_white": "transparent", "extreme_aspect": "extreme"}
#: Lists of groups of paths.
_GROUPS: Final = {"equal_files": "copy", "near_copies": "near_copy", "two_names": "two_names"}


def examine(collection: Collection) -> Run:
    """Put the examination into the queue; one that waits or works already is returned as it is.

    Raises:
        NotReadyError: The collection has no images yet.
        QuotaError: Too many runs of this person wait already.
    """
    version = require_ready(collection)
    known = collection.examine_run
    if known is not None and known.state in (RunState.QUEUED, *ACTIVE):
        return known
    with transaction.atomic():
        run = create_run(
            owner=collection.owner, recipe=RECIPE, config={"known": str(write_known(collection, version))},
            name=f"Examine {collection.name}"[:200],
        )  # fmt: skip
        collection.examine_run = run
        collection.save(update_fields=["examine_run"])
    return run


def examine_unasked(collection: Collection) -> None:
    """The same after an import, where it takes no longer than a person would wait."""
    if collection.images > EXAMINED_UNASKED:
        return
    try:
        examine(collection)
    except CodedError as error:  # the collection is ready all the same
        logger.info("collection %s is not examined unasked: %s", collection.id, error.code)


def finish_examination(run: Run) -> None:
    """Keep the report, and mark the images that it names. May be called again for the same run.

    Raises:
        FormatError: The report is missing or damaged.
    """
    collection = Collection.objects.filter(examine_run=run).first()
    if collection is None:
        return  # deleted meanwhile, or examined anew since
    try:
        health = json.loads((run_folder(run.id) / "artifacts" / HEALTH_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError("What was found cannot be read.", code="anime.health_unreadable", where=HEALTH_FILE,
                          hint="Examine the collection again.") from error  # fmt: skip
    with transaction.atomic():
        _mark(collection, health)
        collection.health = {**_short(health), "version": collection.synced.number if collection.synced else None}
        collection.save(update_fields=["health"])


def _mark(collection: Collection, health: dict[str, Any]) -> None:
    flags: dict[str, set[str]] = defaultdict(set)
    for key, flag in _FLAGS.items():
        for path in health.get(key, []):
            flags[path].add(flag)
    for key, flag in _GROUPS.items():
        for path in (path for group in health.get(key, []) for path in group):
            flags[path].add(flag)
    likely = {doubt["path"]: doubt["likely"] for doubt in health.get("doubts", [])}
    for path in likely:
        flags[path].add("doubted")
    changed = []
    for row in CharacterImage.objects.filter(collection=collection).only("id", "path", "flags", "likely").iterator():
        wanted = " ".join(sorted(flags.get(row.path, ())))
        if (row.flags, row.likely) != (wanted, likely.get(row.path, "")):
            row.flags, row.likely = wanted, likely.get(row.path, "")
            changed.append(row)
    CharacterImage.objects.bulk_update(changed, ["flags", "likely"], 500)


def _short(health: dict[str, Any]) -> dict[str, Any]:
    """The report with long lists cut, and how long they were; sources stand on the images."""
    counts = {key: len(value) for key, value in health.items() if isinstance(value, list)}
    cut = {key: value[:_LISTED] if isinstance(value, list) else value for key, value in health.items()}
    cut.pop("sources", None)
    return {**cut, "counts": counts}
