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
from ml_core.anime.search.index import FACTS, FORMAT, IMAGES, VECTORS
from ml_core.data.image_header import claims_to_be_image
from ml_core.engine.device import cap_threads
from ml_core.errors import CodedError
from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic

_BLOCK: Final = 256  # images that are described at once: bounds the memory
_DIGITS: Final = 4
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
    count, unreadable = _join(sorted(parts.glob("*.json")), recogniser, folder)
    if not count:
        raise CollectionError(
            "The folder holds no image that can be read.",
            code="anime.no_characters",
            hint="Make one folder for each character, called by its name, and put the images into it.",
            where=Path(config.known).name,
        )
    texts = read_captions(captions) if captions is not None else {}
    facts = {
        "format": FORMAT,
        "characters": listing.characters,
        "texts": {name: [*own.texts, *own.partial] for name, own in texts.items()},
        "space": space_of(recogniser),
    }
    _copy_model(model, folder)
    write_json_atomic(folder / FACTS, facts)
    for path in sorted(folder.iterdir()):
        run.artifact(path)
    shutil.rmtree(parts)
    return {"index": {"path": INDEX_PATH}, "images": count, "unreadable": unreadable, "metrics": {}}


def _describe(recogniser: Recogniser, fit: Fit, listing: Listing, entries: list[Entry], path: Path) -> None:
    """Write vectors and lines of one block; the lines come last and say that it is whole."""
    side = side_for(recogniser.network.size if recogniser.network else 0)
    squares, rows = [], []
    for entry in entries:
        try:
            squares.append(square_picture(listing.images / entry.path, fit, side))
        except CodedError:
            continue  # the health of the collection tells which and why
        rows.append({"path": entry.path, "label": listing.characters.index(entry.character)})
    vectors = np.zeros((0, 0), dtype=np.float32)
    if squares:
        answer = recogniser.answer(torch.stack(squares))
        vectors = answer.vectors.numpy().astype(np.float32)
        for row, probabilities in zip(rows, answer.probabilities, strict=True):
            name = listing.characters[row["label"]]
            known = name in recogniser.characters
            row["sure"] = round(float(probabilities[recogniser.characters.index(name)]) if known else 0.5, _DIGITS)
    np.save(path.with_suffix(".npy"), vectors)
    write_json_atomic(path.with_suffix(".json"), {"rows": rows, "asked": len(entries)})


def _join(parts: list[Path], recogniser: Recogniser, folder: Path) -> tuple[int, int]:
    """One file of vectors and one of lines from all blocks; how many images they hold, and how many were unreadable."""
    blocks = [json.loads(path.read_text(encoding="utf-8")) for path in parts]
    count = sum(len(block["rows"]) for block in blocks)
    length = int(recogniser.exemplars.vectors.shape[1])
    vectors = np.lib.format.open_memmap(folder / VECTORS, mode="w+", dtype=np.float32, shape=(count, length))
    start = 0
    with (folder / IMAGES).open("w", encoding="utf-8") as stream:
        for path, block in zip(parts, blocks, strict=True):
            rows = block["rows"]
            if rows:
                vectors[start : start + len(rows)] = np.load(path.with_suffix(".npy"), allow_pickle=False)
                stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            start += len(rows)
    vectors.flush()
    return count, sum(block["asked"] for block in blocks) - count


def _copy_model(model: Path, folder: Path) -> None:
    """The model's files, without what says that the folder is its weight."""
    for path in model.iterdir():
        if path.is_file() and path.name != "weight.json":
            shutil.copyfile(path, folder / path.name)
