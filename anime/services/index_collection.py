"""Make a collection searchable: a run describes its images by the recogniser in use, the infer worker answers."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from anime.models import Collection
from anime.selectors import require_ready
from anime.services.write_known import captions_path, write_known
from anime.storage import collection_home, dataset_of_known
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.create_run import create_run
from cvstudio.runs.states import ACTIVE
from cvstudio.weights import library
from ml_core.errors import CodedError
from ml_core.run.files import write_json_atomic

logger = logging.getLogger(__name__)

RECIPE: Final = "anime.index"
FACTS_FILE: Final = "index.json"
#: Up to here a collection is indexed without being asked.
INDEXED_UNASKED: Final = 3_000


@dataclass(frozen=True)
class Index:
    """The index of a collection in the library of weights.

    Attributes:
        folder: Its name there: the id of the run that made it.
        size_bytes: Of its files.
        version: Number of the version whose images it holds.
        recogniser: Id of the weight that described them.
    """

    folder: str
    size_bytes: int
    version: int
    recogniser: str


def index_collection(collection: Collection) -> Run | None:
    """Put it into the queue; a run that waits already is returned as it is. None without a recogniser in use.

    Raises:
        NotReadyError: The collection has no images yet.
        FilesMissingError: The recogniser's folder is gone.
        QuotaError: Too many runs of this person wait already.
    """
    version, recogniser = require_ready(collection), collection.recogniser
    if recogniser is None:
        return None
    known = write_known(collection, version)
    config = {"known": str(known), "captions": captions_path(known), "model": str(library.folder_of(recogniser))}
    waiting = Run.objects.filter(owner=collection.owner, recipe=RECIPE, state__in=(RunState.QUEUED, *ACTIVE))
    for run in waiting:
        if all(run.config.get(name) == value for name, value in config.items()):
            return run
    return create_run(owner=collection.owner, recipe=RECIPE, config=config, name=f"Index {collection.name}"[:200])


def index_unasked(collection: Collection) -> None:
    """The same when version or recogniser have changed, where it takes no longer than a minute."""
    fresh = Collection.objects.select_related("dataset__current_version", "recogniser__weight", "owner")
    found = fresh.filter(id=collection.id, images__lte=INDEXED_UNASKED).exclude(recogniser=None).first()
    if found is None or index_of(found) is not None:
        return
    try:
        index_collection(found)
    except CodedError as error:  # it can be searched by words all the same
        logger.info("collection %s is not indexed unasked: %s", collection.id, error.code)


def finish_index(run: Run) -> None:
    """Keep what a run made, and forget the index before. May be called again for the same run."""
    known = Path(run.config["known"])
    collection = Collection.objects.filter(dataset_id=dataset_of_known(known)).first()
    recogniser = library.version_of_folder(Path(run.config["model"]))
    source = run_folder(run.id) / "artifacts" / "index"
    if collection is None or recogniser is None or not source.is_dir():
        return  # deleted meanwhile
    size = library.keep_folder(source, run.id)
    before = _read(collection)
    facts = Index(str(run.id), size, int(known.name.rpartition("-")[2]), str(recogniser.id))
    write_json_atomic(collection_home(collection) / FACTS_FILE, asdict(facts))
    if before is not None and before.folder != facts.folder:
        library.remove(UUID(before.folder), before.folder)


def index_of(collection: Collection) -> Index | None:
    """The index of the version and the recogniser in use; None where there is none, or only an older one."""
    facts, version = _read(collection), collection.dataset.current_version
    if facts is None or version is None:
        return None
    return facts if (facts.version, facts.recogniser) == (version.number, str(collection.recogniser_id)) else None


def forget_index(collection: Collection) -> None:
    """Remove it from the library."""
    facts = _read(collection)
    if facts is not None:
        library.remove(UUID(facts.folder), facts.folder)


def _read(collection: Collection) -> Index | None:
    try:
        return Index(**json.loads((collection_home(collection) / FACTS_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
