"""The recipes that end in a data set version: the drawn sample, and a collection with further images."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ml_core.anime.collection.config import ExtendConfig, SampleConfig
from ml_core.anime.collection.extend import lay_out, read_additions
from ml_core.anime.collection.listing import PLACES_FILE, list_collection
from ml_core.anime.progress import stage_progress
from ml_core.anime.sample.collection import write_sample
from ml_core.data.import_images import ImportOrder, import_images
from ml_core.data.manifest import REJECTS_FILE
from ml_core.data.revision.changes import parse_changes, read_json
from ml_core.data.revision.revise import revise
from ml_core.run.context import RunContext


def make_sample(config: SampleConfig, run: RunContext) -> dict[str, Any]:
    """Draw, and import what was drawn."""
    write_sample(Path(config.images), images=config.per_character, height=config.height, seed=config.seed,
                 progress=stage_progress(run, "drawing"))  # fmt: skip
    return _import(Path(config.images), Path(config.version), run, config.seed)


def extend_collection(config: ExtendConfig, run: RunContext) -> dict[str, Any]:
    """Correct, lay out with the additions, import.

    Raises:
        CollectionError: See `lay_out` and `read_additions`.
        FormatError: The corrections do not fit the version.
    """
    images, version, known = Path(config.images), Path(config.version), Path(config.known)
    workshop = version.with_name(f".{version.name}.workshop")
    shutil.rmtree(workshop, ignore_errors=True)
    try:
        if config.changes:
            known = _corrected(known, Path(config.changes), workshop, run)
        additions = read_additions(Path(config.additions))
        lay_out(known, additions, images, share=config.share, progress=stage_progress(run, "laying out"))
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    return _import(images, version, run, config.seed)


def _corrected(known: Path, changes: Path, workshop: Path, run: RunContext) -> Path:
    """A collection folder of the version with the corrections in it."""
    listing = list_collection(known)
    old = _version_of(known)
    document = read_json(changes)
    wanted = parse_changes(document, images=len(listing.entries), rows=0, classes=len(listing.characters))
    workshop.mkdir(parents=True)
    revise(old, workshop / "version", wanted, run)
    places = {"version": str(workshop.resolve() / "version"), "images": str(listing.images.resolve())}
    (workshop / PLACES_FILE).write_text(json.dumps(places), encoding="utf-8")
    return workshop


def _version_of(known: Path) -> Path:
    places = known / PLACES_FILE
    return known / str(json.loads(places.read_text(encoding="utf-8"))["version"]) if places.is_file() else known


def _import(images: Path, version: Path, run: RunContext, seed: int) -> dict[str, Any]:
    order = ImportOrder(source=images, images=images, version=version, format="classification",
                        use_given_splits=False, seed=seed, accept_rejects=True)  # fmt: skip
    artifact = run.artifact_path(REJECTS_FILE)
    made = import_images(order, run, rejects_copy=artifact)
    run.artifact(artifact, "text/csv")
    run.data_fingerprint(made["fingerprint"])
    return {"metrics": {"images": made["counts"]["images"], "rejected": made["counts"]["rejected"]}, "version": made}
