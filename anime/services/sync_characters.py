"""When a version is ready: bring characters and images of the collection into step with it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction

from anime.models import Character, CharacterImage, Collection, Correction
from anime.services.examine import examine_unasked
from anime.services.index_collection import index_unasked
from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.datasets.services.resolve_folder import allowed_roots
from cvstudio.runs.models import Run
from ml_core.anime.collection.sources import MANIFEST, read_sources
from ml_core.anime.errors import CollectionError
from ml_core.anime.fusion.captions import CAPTIONS, CharacterTexts, find_captions, read_captions

CHUNK: Final = 2_000
_LASTING: Final = ("extension", "transparent", "extreme", "copy", "near_copy")
"""Findings about a file itself, which hold in the next version too."""


def sync_run(run: Run) -> None:
    """Follow the version that a run made, where it belongs to a collection. May be called again for the same run."""
    version = DatasetVersion.objects.filter(import_run=run).select_related("dataset__current_version").first()
    if version is None or version.state != DatasetVersion.State.READY:
        return
    collection = Collection.objects.filter(dataset=version.dataset).first()
    if collection is not None:
        sync_characters(collection, version)


def catch_up(dataset: Dataset) -> None:
    """Follow the version in use, after another one was chosen."""
    collection = Collection.objects.filter(dataset=dataset).first()
    if collection is not None and dataset.current_version is not None:
        sync_characters(collection, dataset.current_version)


def sync_characters(collection: Collection, version: DatasetVersion) -> None:
    """Rows for the classes and images of a version. Captions, notes and what is known about files stay."""
    with transaction.atomic():
        Collection.objects.select_for_update().get(id=collection.id)
        characters = _characters(collection, version)
        known = dict(CharacterImage.objects.filter(collection=collection).values_list("path", "flags"))
        CharacterImage.objects.filter(collection=collection)._raw_delete("default")
        counts, sources, covers = _insert_images(collection, version, characters, known)
        for position, character in enumerate(characters):
            character.images, character.cover = counts[position], covers.get(position)
        Character.objects.bulk_update(characters, ["position", "images", "cover", "captions", "partial"], 500)
        Correction.objects.filter(collection=collection, version=version).update(state=Correction.State.APPLIED)
        collection.synced, collection.images = version, sum(counts.values())
        collection.characters, collection.sources = sum(counts[n] > 0 for n in range(len(characters))), dict(sources)
        collection.save(update_fields=["synced", "images", "characters", "sources", "updated_at"])
    examine_unasked(collection)
    index_unasked(collection)


def image_id(collection_id: UUID, path: str) -> UUID:
    """The same for the same path, whatever the version."""
    return uuid5(NAMESPACE_URL, f"anime:{collection_id}:{path}")


def _characters(collection: Collection, version: DatasetVersion) -> list[Character]:
    """One for each class, in the order of the classes."""
    texts = _captions(version)
    rows = {row.name: row for row in Character.objects.filter(collection=collection)}
    Character.objects.filter(collection=collection).update(position=None, images=0, cover=None)
    found = []
    for position, name in enumerate(version.classes):
        character = rows.get(name) or Character.objects.create(collection=collection, name=name)
        if name not in rows and name in texts:
            character.captions, character.partial = list(texts[name].texts), list(texts[name].partial)
        character.position = position
        found.append(character)
    return found


def _captions(version: DatasetVersion) -> dict[str, CharacterTexts]:
    """What came with the images; a file that cannot be read is as good as none."""
    if not _may_read(version, CAPTIONS):
        return {}
    try:
        path = find_captions(Path(version.root))
        return read_captions(path) if path else {}
    except CollectionError:
        return {}


def _sources(version: DatasetVersion, paths: list[str]) -> list[str]:
    """Where each image came from, as far as a list with the images says so."""
    return read_sources(Path(version.root), "", paths) if _may_read(version, MANIFEST) else [""] * len(paths)


def _may_read(version: DatasetVersion, name: str) -> bool:
    """Whether a file lies with the images, or beside them where folders may be registered."""
    root = Path(version.root)
    beside = root.resolve().parent
    return (root / name).is_file() or any(beside.is_relative_to(allowed) for allowed in allowed_roots())


def _insert_images(
    collection: Collection, version: DatasetVersion, characters: list[Character], known: dict[str, str]
) -> tuple[Counter[int], Counter[str], dict[int, UUID]]:
    images = list(version.images.order_by("position").values_list("id", "position", "path", "label"))
    named = _sources(version, [path for _, _, path, _ in images])
    counts: Counter[int] = Counter()
    covers: dict[int, UUID] = {}
    rows: list[CharacterImage] = []
    for (pk, position, path, label), source in zip(images, named, strict=True):
        if label is None:
            continue
        flags = [flag for flag in known.get(path, "").split() if flag in _LASTING]
        rows.append(
            CharacterImage(
                id=image_id(collection.id, path), collection=collection, character=characters[label], image_id=pk,
                position=position, path=path, source=source[:200], flags=" ".join(flags),
            )
        )  # fmt: skip
        counts[label] += 1
        covers.setdefault(label, pk)
    CharacterImage.objects.bulk_create(rows, batch_size=CHUNK)
    return counts, Counter(source for source in named if source), covers
