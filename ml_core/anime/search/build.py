"""``anime.index``: describes the images of a collection one block after the other, and goes on where it was stopped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from ml_core.anime.classifier.delivery import WEIGHT_PATH
from ml_core.anime.collection.listing import Entry, Listing, list_collection
from ml_core.anime.collection.square import Fit, side_for, square_picture
from ml_core.anime.errors import CollectionError
from ml_core.anime.fusion.captions import find_captions, read_captions
from ml_core.anime.recognise.recogniser import Recogniser
from ml_core.anime.recognise.storage import load_recogniser, read_recogniser_facts, space_of
from ml_core.anime.search.config import IndexConfig
from ml_core.anime.search.index import FACTS, Block, write_index
from ml_core.data.image_header import claims_to_be_image
from ml_core.engine.device import cap_threads
from ml_core.errors import CodedError
from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic

_BLOCK: Final = 256  # images that are described at once: bounds the memory
_UNKNOWN: Final = 0.5  # how sure of its character is a recogniser that does not know it
INDEX_PATH: Final = "artifacts/index"


def build_index(config: IndexConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``artifacts/index``: the index, and beside it the model that searches it.

    Raises:
        CollectionError: ``anime.no_characters``; and as `list_collection`.
        WeightFileError: As `load_recogniser`.
    """
    cap_threads(config.threads)
    model = Path(config.model)
    model = model / WEIGHT_PATH if (model / WEIGHT_PATH).is_dir() else model
    recogniser, fit = load_recogniser(model), read_recogniser_facts(model).get("fit_picture", "crop")
    listing = list_collection(Path(config.known))
    captions = find_captions(Path(config.known), config.captions)
    folder = run.artifact_path(f"index/{FACTS}").parent
    parts = run.dir.path / "work"
    parts.mkdir(parents=True, exist_ok=True)
    entries = [entry for entry in listing.entries if entry.character and claims_to_be_image(entry.path)]
    run.progress(0, len(entries), "images", "describing images")
    for start in range(0, len(entries), _BLOCK):
        run.raise_if_requested()
        path = parts / f"{start:09d}"
        if not path.with_suffix(".json").is_file():
            _describe(recogniser, fit, listing, entries[start : start + _BLOCK], path)
        run.progress(min(start + _BLOCK, len(entries)), len(entries), "images", "describing images")
    blocks = sorted(parts.glob("*.json"))
    counts = [(len(block["paths"]), int(block["asked"])) for block in map(_read_block, blocks)]
    count = sum(usable for usable, _ in counts)
    if not count:
        raise CollectionError(
            "The folder holds no image that can be read.",
            code="anime.no_characters",
            hint="Make one folder for each character, called by its name, and put the images into it.",
            where=Path(config.known).name,
        )
    texts = read_captions(captions) if captions is not None else {}
    facts = {
        "characters": listing.characters,
        "texts": {name: [*own.texts, *own.partial] for name, own in texts.items()},
        "space": space_of(recogniser),
    }
    write_index(folder, facts, int(recogniser.exemplars.vectors.shape[1]), count, map(_load_block, blocks))
    _copy_model(model, folder)
    for path in sorted(folder.iterdir()):
        run.artifact(path)
    shutil.rmtree(parts)
    unreadable = sum(asked for _, asked in counts) - count
    return {"index": {"path": INDEX_PATH}, "images": count, "unreadable": unreadable, "metrics": {}}


def _describe(recogniser: Recogniser, fit: Fit, listing: Listing, entries: list[Entry], path: Path) -> None:
    """Write vectors and paths of one block; the paths come last and say that it is whole."""
    side = side_for(recogniser.network.size if recogniser.network else 0)
    squares, paths, labels = [], [], []
    for entry in entries:
        try:
            squares.append(square_picture(listing.images / entry.path, fit, side))
        except CodedError:
            continue  # the health of the collection tells which and why
        paths.append(entry.path)
        labels.append(listing.characters.index(entry.character))
    if squares:
        answer = recogniser.answer(torch.stack(squares))
        places = {name: place for place, name in enumerate(recogniser.characters)}
        columns = [places.get(listing.characters[label], -1) for label in labels]
        rows = zip(answer.probabilities, columns, strict=True)
        sure = [float(row[column]) if column >= 0 else _UNKNOWN for row, column in rows]
        np.savez(
            path.with_suffix(".npz"),
            vectors=answer.vectors.numpy().astype(np.float32),
            labels=np.array(labels, np.int32),
            sure=np.array(sure, np.float32),
        )
    write_json_atomic(path.with_suffix(".json"), {"paths": paths, "asked": len(entries)})


def _read_block(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _load_block(path: Path) -> Block:
    paths = _read_block(path)["paths"]
    if not paths:
        return np.zeros((0, 1), np.float32), np.zeros(0, np.int32), np.zeros(0, np.float32), []
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as arrays:
        return arrays["vectors"], arrays["labels"], arrays["sure"], paths


def _copy_model(model: Path, folder: Path) -> None:
    """The model's files, without what says that the folder is its weight."""
    for path in model.iterdir():
        if path.is_file() and path.name != "weight.json":
            shutil.copyfile(path, folder / path.name)
