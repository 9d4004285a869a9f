"""What each seed learns from and is judged by: the folders that were given, or parts of them as folders of links."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml_core.anime.benchmark.config import BenchmarkConfig
from ml_core.anime.collection.copies import find_copies
from ml_core.anime.collection.reading import Collection, Progress, read_collection
from ml_core.anime.collection.sources import MANIFEST, read_sources
from ml_core.anime.collection.splits import deal_folds
from ml_core.anime.errors import CollectionError
from ml_core.run.files import write_json_atomic

_FOLDS = 4
_FEWEST_KNOWN = 2  # characters that must stay when others are left out
_ADDED_WITH = 20  # images: a character with more of them can be left out and added

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Material:
    """Folders for one seed.

    Attributes:
        known: What teacher, students and texts learn from.
        test: Other images of the same characters.
        new: Characters that the recogniser of ``base`` does not know; None where none are to be added.
        base: What a recogniser to add them to learns from; equal to ``known`` where it knows none of them anyway.
        base_test: Images of characters in ``base`` to judge by.
        facts: How many images and characters, and what was left out and why.
    """

    known: Path
    test: Path
    new: Path | None
    base: Path
    base_test: Path
    facts: dict[str, Any]


@dataclass(frozen=True)
class _Given:
    """What was read."""

    known: Collection
    test: Collection | None
    new: Collection | None


def prepare(config: BenchmarkConfig, work: Path, progress: Progress) -> tuple[list[Material], str]:
    """Read what was given and divide it.

    Returns:
        The folders of each seed, and a fingerprint of all images.

    Raises:
        CollectionError: ``anime.other_characters``, ``anime.no_test``, ``anime.no_new``; and as `read_collection`.
    """
    known = read_collection(Path(config.known), progress=progress)
    test = read_collection(Path(config.test), progress=progress) if config.test else None
    new = read_collection(Path(config.new), progress=progress) if config.new and "enrol" in config.parts else None
    fingerprint = " ".join(part.fingerprint for part in (known, test, new) if part is not None)
    _refuse_unknown(known, test)
    given = _Given(known, test, new)
    return [_of_seed(config, given, number, work / f"seed-{config.seed + number}") for number in range(config.seeds)], (
        fingerprint
    )


def _of_seed(config: BenchmarkConfig, given: _Given, number: int, work: Path) -> Material:
    known = given.known
    facts: dict[str, Any] = {"copies_left_out": 0}
    if given.test is None:
        held = _fold(known, config.seed, number)
        learnt, asked = np.flatnonzero(~held), np.flatnonzero(held)
        known_folder = write_part(known, learnt, work / "known")
        judged, test_folder = known, write_part(known, asked, work / "test")
    else:
        learnt, known_folder, judged = np.arange(len(known.pictures)), Path(config.known), given.test
        asked = _not_in(known, given.test)
        facts["copies_left_out"] = len(given.test.pictures) - len(asked)
        if not len(asked):
            raise _refusal("anime.no_test", "Every test image is known.", "Give images that are not in both folders.")
        is_whole = len(asked) == len(given.test.pictures)
        test_folder = Path(config.test) if is_whole else write_part(given.test, asked, work / "test")
    facts |= {"characters": len(known.characters), "known": len(learnt), "test": len(asked)}
    new, base, base_test = None, known_folder, test_folder
    if "enrol" in config.parts and given.new is not None:
        new = _strangers(given.new, known, Path(config.new), work / "new", facts)
    elif "enrol" in config.parts and (names := _to_leave_out(config, known, config.seed + number)):
        facts |= {"left_out": names}
        new = write_part(known, _of_names(known, np.arange(len(known.pictures)), names), work / "new")
        base = write_part(known, _of_names(known, learnt, names, others=True), work / "base")
        base_test = write_part(judged, _of_names(judged, asked, names, others=True), work / "base-test")
    return Material(known_folder, test_folder, new, base, base_test, facts)


def write_part(collection: Collection, rows: Rows, folder: Path) -> Path:
    """A folder of some images of a collection, as hard links, with their sources in a manifest."""
    shutil.rmtree(folder, ignore_errors=True)
    listed = []
    paths = [collection.pictures[row].path for row in rows.tolist()]
    sources = read_sources(collection.root, "", paths)
    for row, path, source in zip(rows.tolist(), paths, sources, strict=True):
        name = collection.characters[collection.pictures[row].label]
        target = folder / name / Path(path).name
        if target.exists():  # images of one name in folders below, or moved to this character by a correction
            target = target.with_name(f"{row}-{target.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        _link(collection.root / path, target)
        listed.append({"path": f"{name}/{target.name}", "source": source})
    if any(sources):
        write_json_atomic(folder / MANIFEST, listed)
    return folder


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _fold(known: Collection, seed: int, number: int) -> NDArray[np.bool_]:
    keys = [picture.sha256 for picture in known.pictures]
    folds = deal_folds(known.labels.tolist(), known.copies.group_of.tolist(), keys, folds=_FOLDS, seed=seed)
    held: NDArray[np.bool_] = folds == number % _FOLDS
    labels = known.labels.numpy()
    if not held.any() or set(labels[held]) - set(labels[~held]):
        raise _refusal(
            "anime.no_test", "Too few images to hold a quarter of them out.", "Give a folder of test images."
        )
    return held


def _not_in(known: Collection, other: Collection) -> Rows:
    """Rows of ``other`` that are no copies of images in ``known``."""
    digests = [picture.sha256 for part in (known, other) for picture in part.pictures]
    groups = find_copies(torch.cat([known.pixels, other.pixels]), digests).group_of
    count = len(known.pictures)
    return np.flatnonzero(~np.isin(groups[count:], groups[:count]))


def _strangers(new: Collection, known: Collection, given: Path, folder: Path, facts: dict[str, Any]) -> Path:
    """The new characters without those that are known by name, and without copies of known images."""
    rows = np.intersect1d(_not_in(known, new), _of_names(new, np.arange(len(new.pictures)), known.characters, True))
    facts["new_left_out"] = len(new.pictures) - len(rows)
    if not len(rows):
        raise _refusal("anime.no_new", "All new characters are known already.", "Give characters that are not known.")
    return given if len(rows) == len(new.pictures) else write_part(new, rows, folder)


def _to_leave_out(config: BenchmarkConfig, known: Collection, seed: int) -> list[str]:
    """Characters with enough images to be added and judged, another draw for each seed."""
    counts = np.bincount(known.labels.numpy(), minlength=len(known.characters))
    eligible = np.flatnonzero(counts > _ADDED_WITH)
    if not len(eligible):
        eligible = np.arange(len(counts))
    most = min(config.left_out, len(known.characters) - _FEWEST_KNOWN)
    drawn = np.random.default_rng([seed, 7]).permutation(eligible)[: max(0, most)]
    return sorted(known.characters[place] for place in drawn)


def _of_names(collection: Collection, rows: Rows, names: Sequence[str], others: bool = False) -> Rows:
    """Those of ``rows`` whose character is, or with ``others`` is not, one of ``names``."""
    is_named = np.array([name in names for name in collection.characters])[collection.labels.numpy()[rows]]
    chosen: Rows = rows[is_named != others]
    return chosen


def _refuse_unknown(known: Collection, test: Collection | None) -> None:
    strange = sorted(set(test.characters) - set(known.characters)) if test is not None else []
    if strange:
        raise _refusal(
            "anime.other_characters",
            f"{len(strange)} of the test characters are not known, such as {strange[0]}.",
            "Test by images of known characters, and give the others as new ones.",
        )


def _refusal(code: str, message: str, hint: str) -> CollectionError:
    return CollectionError(message, code=code, hint=hint)
