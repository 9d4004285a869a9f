"""From what a scan found to the version folder: splits, ``items.jsonl``, fingerprint, counts and warnings."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

from ml_core.data.formats.base import SPLITS, Candidate, Split
from ml_core.data.import_order import ImportOrder
from ml_core.data.manifest import FORMAT, ITEMS_FILE, VERSION_FILE, Fingerprint, Item, Reject, RejectWriter
from ml_core.data.scan import Scanned
from ml_core.data.splits import stratified_splits
from ml_core.run.files import write_json_atomic

SCAN_FILE: Final = "scan.jsonl"


@dataclass
class Tally:
    """What the scan counted; the last four only where labels lie in files of their own."""

    files: int = 0
    images: int = 0
    total_bytes: int = 0
    extension_differs: int = 0
    sidecars: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    digests: list[tuple[int, bytes, Split | None]] = field(default_factory=list)
    label_files: int = 0
    annotations_read: int = 0
    annotations_lost: int = 0
    row_reasons: Counter[str] = field(default_factory=Counter)

    @property
    def faults(self) -> int:
        """Files that claimed to be images and cannot be used."""
        return self.reasons.total()


def note_reject(reject: Reject, tally: Tally, rejects: RejectWriter) -> None:
    """Write a reject down and count it."""
    rejects.write(reject)
    tally.annotations_lost += reject.annotations
    if not reject.is_file:
        tally.row_reasons[reject.reason] += 1
    elif reject.is_fault:
        tally.reasons[reject.reason] += 1
    else:
        tally.sidecars += 1


def note_image(image: Scanned, tally: Tally, stream: TextIO) -> None:
    """Write an image down for `items_of_scan` and count it."""
    facts = image.facts
    tally.images += 1
    tally.total_bytes += facts.size_bytes
    tally.extension_differs += facts.extension_differs
    tally.digests.append((image.label, bytes.fromhex(facts.sha256), image.split))
    values = [image.path, image.label, facts.width, facts.height, facts.mode, facts.format, facts.orientation,
              facts.size_bytes]  # fmt: skip
    stream.write(json.dumps(values, separators=(",", ":")) + "\n")


def write_version(order: ImportOrder, root: Path, candidate: Candidate, tally: Tally, partial: Path) -> dict[str, Any]:
    """Write the list of images and ``version.json`` into the folder ``partial``; returns the latter's content."""
    splits = decide_splits(order, tally)
    fingerprint = Fingerprint("classify", candidate.classes)
    per_class: list[dict[str, int]] = [dict.fromkeys(SPLITS, 0) for _ in candidate.classes]
    with (partial / ITEMS_FILE).open("w", encoding="utf-8") as stream:
        for item in items_of_scan(partial / SCAN_FILE, tally, splits):
            stream.write(item.as_line())
            fingerprint.add(item)
            per_class[item.label][item.split] += 1
        stream.flush()
        os.fsync(stream.fileno())
    (partial / SCAN_FILE).unlink()
    version = {
        "format": FORMAT,
        "task": "classify",
        "classes": list(candidate.classes),
        "counts": _counts(tally, per_class),
        "fingerprint": str(fingerprint),
        "root_hint": root.name,
        "source_format": candidate.format,
        "evidence": list(candidate.evidence),
        "warnings": [*candidate.warnings, *_warnings(candidate, tally, splits, per_class)],
        "rejects": dict(tally.reasons.most_common()),
        "splits": {"given": bool(candidate.splits) and order.use_given_splits, "seed": order.seed,
                   "val": order.val, "test": order.test},
    }  # fmt: skip
    write_json_atomic(partial / VERSION_FILE, version)
    return version


def _counts(tally: Tally, per_class: list[dict[str, int]]) -> dict[str, Any]:
    return {
        "files": tally.files,
        "images": tally.images,
        "rejected": tally.faults,
        "other_files": tally.sidecars,
        "bytes": tally.total_bytes,
        "splits": {split: sum(counts[split] for counts in per_class) for split in SPLITS},
        "classes": per_class,
    }


def decide_splits(order: ImportOrder, tally: Tally) -> list[Split]:
    """The split of each image, in the order of the scan. Given ones stay; what is not given is dealt by seed."""
    given = {split for _, _, split in tally.digests if split is not None} if order.use_given_splits else set()
    if {"train", "val"} <= given:
        return [split or "train" for _, _, split in tally.digests]
    to_deal: Iterator[tuple[int, bytes]] = (
        (label, digest) for label, digest, split in tally.digests if not given or split in ("train", None)
    )
    dealt = stratified_splits(
        to_deal, seed=order.seed, val=0.0 if "val" in given else order.val, test=0.0 if "test" in given else order.test
    )
    return [
        dealt[digest] if not given or split is None or split == "train" else split for _, digest, split in tally.digests
    ]


def items_of_scan(scan_path: Path, tally: Tally, splits: list[Split]) -> Iterator[Item]:
    """The images that a scan found, with their splits."""
    with scan_path.open(encoding="utf-8") as stream:
        for line, (_, digest, _), split in zip(stream, tally.digests, splits, strict=True):
            path, label, width, height, mode, kind, orientation, size_bytes = json.loads(line)
            yield Item(path, label, split, width, height, mode, kind, orientation, size_bytes, digest.hex())


def _warnings(
    candidate: Candidate, tally: Tally, splits: list[Split], per_class: list[dict[str, int]]
) -> Iterator[str]:
    first: dict[bytes, tuple[int, Split]] = {}
    leaks = conflicts = 0
    for (label, digest, _), split in zip(tally.digests, splits, strict=True):
        known = first.setdefault(digest, (label, split))
        conflicts += label != known[0]
        leaks += split != known[1]
    copies = tally.images - len(first)
    if copies:
        yield f"Exact copies of other images: {copies:,}."
    if leaks:
        yield f"Images in another split than an equal file, which makes the evaluation too good: {leaks:,}."
    if conflicts:
        yield f"Images in another class than an equal file: {conflicts:,}."
    if tally.extension_differs:
        yield f"Files with the extension of another format than their real one: {tally.extension_differs:,}."
    for name, counts in zip(candidate.classes, per_class, strict=True):
        if not counts["train"]:
            yield f'The class "{name}" has no usable training image.'
    for split in ("train", "val"):
        if not any(counts[split] for counts in per_class):
            yield f"The split {split} is empty."
