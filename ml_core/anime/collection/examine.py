"""``anime.health``: what is to be known about a collection before anything is trained on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_core.anime.collection.config import HealthConfig
from ml_core.anime.collection.health import collection_health
from ml_core.anime.collection.reading import Collection, read_collection
from ml_core.anime.collection.sources import read_sources
from ml_core.anime.describe.describer import Describer
from ml_core.anime.progress import stage_progress
from ml_core.anime.recognise.fitting import fit_prototypes
from ml_core.data.doubts.wrong_classes import Doubt
from ml_core.engine.device import cap_threads
from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic
from ml_core.run.seeds import mix

HEALTH_FILE = "health.json"
_FEWEST_IMAGES = 40  # below, codebooks and left-out rounds say nothing


def examine(config: HealthConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``health.json`` (see `collection_health`), with ``sources``: the source of each image that has one.

    Raises:
        CollectionError: See `read_collection`.
    """
    cap_threads(config.threads)
    collection = read_collection(Path(config.known), progress=stage_progress(run, "reading images"))
    run.data_fingerprint(collection.fingerprint)
    health = collection_health(collection, _doubts(config, collection, run) if config.doubts else ())
    paths = [picture.path for picture in collection.pictures]
    sources = read_sources(collection.root, "", paths)
    health["sources"] = {path: source for path, source in zip(paths, sources, strict=True) if source}
    artifact = run.artifact_path(HEALTH_FILE)
    write_json_atomic(artifact, health)
    run.artifact(artifact, "application/json")
    found = {name: len(health[name]) for name in ("two_names", "near_copies", "extension_lies", "doubts", "rejects")}
    return {"metrics": {"images": len(paths), **found}}


def _doubts(config: HealthConfig, collection: Collection, run: RunContext) -> list[Doubt]:
    if len(collection.characters) < 2 or len(collection.pictures) < _FEWEST_IMAGES:
        run.log("Labels were not judged: the collection is too small.")
        return []
    describer = Describer()
    seed = mix(config.seed, "codebooks")
    describer.fit(collection.pixels, seed, stage_progress(run, "learning colours and edges"))
    descriptions = describer.describe(collection.pixels, stage_progress(run, "describing images"))
    keys = [picture.sha256 for picture in collection.pictures]
    groups = collection.copies.group_of.tolist()
    return fit_prototypes(descriptions, collection.labels, groups, keys, config.seed).doubts
