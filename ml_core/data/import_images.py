"""From a folder or a zip archive to an immutable version: unpack, recognise, scan, split, write.

Every file that comes in goes out as an image or as a named reject; the sums are compared. Images are streamed: what
stays in memory is a digest of 32 bytes for each, to find equal files.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

from ml_core.data.archive import ArchiveLimits, extract_zip
from ml_core.data.digits import write_digits
from ml_core.data.formats.base import SPLITS, Candidate, Split, choose, get_format
from ml_core.data.manifest import (
    FORMAT,
    ITEMS_FILE,
    REJECTS_FILE,
    VERSION_FILE,
    Fingerprint,
    Item,
    Reject,
    RejectWriter,
    read_version,
)
from ml_core.data.scan import Scanned, scan
from ml_core.data.splits import stratified_splits
from ml_core.data.tree import read_tree
from ml_core.errors import CodedError, FormatError
from ml_core.run.files import sync_folder, write_json_atomic

_SCAN_FILE: Final = "scan.jsonl"


class ImportReporter(Protocol):
    """What an import tells and asks while it works; a run's context fits."""

    def log(self, message: str, level: Any = "info") -> None:
        """Write a line for people."""

    def progress(self, done: float, total: float | None, unit: str = "items", stage: str = "") -> None:
        """Report a position."""

    def raise_if_requested(self) -> None:
        """Raise when the user asked to end."""


@dataclass(frozen=True)
class ImportOrder:
    """What to import and how.

    Attributes:
        source: A folder of images, or a zip archive; None where a sample is made.
        images: Where an archive is unpacked; kept when it exists already. Unused for a folder.
        version: The version folder to make.
        sample: ``digits`` writes scikit-learn's digits to ``images`` and imports them.
        format: Name of a format that a person chose; empty to recognise it.
        use_given_splits: Whether folders called train, val, test decide; else all images are dealt anew.
        seed: Decides the splits that are not given.
        val: Share of validation images where they are dealt.
        test: Share of test images where they are dealt.
        accept_rejects: Go on however many files cannot be used.
        max_reject_share: Above this share of unusable images a person must agree.
        workers: Threads for the scan; 0 chooses.
        limits: Bounds for an archive.
    """

    source: Path | None
    images: Path
    version: Path
    sample: str = ""
    format: str = ""
    use_given_splits: bool = True
    seed: int = 0
    val: float = 0.15
    test: float = 0.15
    accept_rejects: bool = False
    max_reject_share: float = 0.05
    workers: int = 0
    limits: ArchiveLimits = field(default_factory=ArchiveLimits)


@dataclass
class _Tally:
    """What the scan counted."""

    files: int = 0
    images: int = 0
    total_bytes: int = 0
    extension_differs: int = 0
    sidecars: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    digests: list[tuple[int, bytes, Split | None]] = field(default_factory=list)

    @property
    def faults(self) -> int:
        return self.reasons.total()


def import_images(order: ImportOrder, run: ImportReporter, rejects_copy: Path | None = None) -> dict[str, Any]:
    """Make the version folder and return the content of its ``version.json``.

    A version folder that is there already was made by an earlier attempt of the same import and is returned as it is.

    Args:
        order: What to import and how.
        run: Receives progress and log; asked whether to go on.
        rejects_copy: Where ``rejects.csv`` goes as well, also when the import is refused because of it.

    Raises:
        UnsafeFileError: The archive was refused.
        FormatError: Nothing was recognised, or ``import.rejects``: too many files cannot be used.
    """
    if (order.version / VERSION_FILE).exists():
        if rejects_copy is not None:
            shutil.copyfile(order.version / REJECTS_FILE, rejects_copy)
        return read_version(order.version)
    root = _unpack(order, run)
    run.progress(0, None, "files", "recognise")
    tree = read_tree(root, run.raise_if_requested)
    candidate = choose(tree, order.format)
    for line in candidate.evidence:
        run.log(line)
    for line in candidate.warnings:
        run.log(line, "warning")
    partial = order.version.with_name(f".{order.version.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        tally = _scan_all(order, root, candidate, partial, tree.all_files(), run)
        if rejects_copy is not None:
            shutil.copyfile(partial / REJECTS_FILE, rejects_copy)
        _refuse_many_rejects(order, tally)
        version = _write_version(order, root, candidate, tally, partial, run)
        partial.rename(order.version)
        sync_folder(order.version.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return version


def _unpack(order: ImportOrder, run: ImportReporter) -> Path:
    if order.source is not None and order.source.is_dir():
        return order.source
    if order.images.is_dir():  # a folder of this name is always whole
        return order.images
    if order.sample == "digits":
        run.progress(0, None, "files", "make the sample")
        order.images.parent.mkdir(parents=True, exist_ok=True)
        run.log(f"Wrote {write_digits(order.images):,} handwritten digits.")
        return order.images
    if order.source is None or not order.source.is_file():
        raise FormatError("The data to import are no longer there.", code="import.source_missing",
                          hint="Upload or register them again.")  # fmt: skip
    done = extract_zip(
        order.source, order.images, limits=order.limits, check_cancelled=run.raise_if_requested,
        progress=lambda written, total: run.progress(written, total, "bytes", "unpack"),
    )  # fmt: skip
    run.log(f"Unpacked {done.files:,} files, {done.total_bytes / 1e6:,.1f} MB.")
    return order.images


def _scan_all(
    order: ImportOrder, root: Path, candidate: Candidate, partial: Path, expected: int, run: ImportReporter
) -> _Tally:
    tally = _Tally()
    layout = get_format(candidate.format)
    with ExitStack() as stack:
        scanned = stack.enter_context((partial / _SCAN_FILE).open("w", encoding="utf-8"))
        rejected = stack.enter_context((partial / REJECTS_FILE).open("w", encoding="utf-8", newline=""))
        rejects = RejectWriter(rejected)
        for batch in scan(root, layout, candidate, workers=order.workers):
            run.raise_if_requested()
            for outcome in batch:
                tally.files += 1
                if isinstance(outcome, Reject):
                    _note_reject(outcome, tally, rejects)
                else:
                    _note_image(outcome, tally, scanned)
            run.progress(tally.files, max(expected, tally.files), "files", "scan")
    if tally.files != tally.images + tally.faults + tally.sidecars:
        raise CodedError("The import lost count of its files.", code="import.miscounted", hint="Report this defect.")
    return tally


def _note_reject(reject: Reject, tally: _Tally, rejects: RejectWriter) -> None:
    rejects.write(reject)
    if reject.is_fault:
        tally.reasons[reject.reason] += 1
    else:
        tally.sidecars += 1


def _note_image(image: Scanned, tally: _Tally, stream: TextIO) -> None:
    facts = image.facts
    tally.images += 1
    tally.total_bytes += facts.size_bytes
    tally.extension_differs += facts.extension_differs
    tally.digests.append((image.label, bytes.fromhex(facts.sha256), image.split))
    values = [image.path, image.label, facts.width, facts.height, facts.mode, facts.format, facts.orientation,
              facts.size_bytes]  # fmt: skip
    stream.write(json.dumps(values, separators=(",", ":")) + "\n")


def _refuse_many_rejects(order: ImportOrder, tally: _Tally) -> None:
    claimed = tally.images + tally.faults
    reasons = ", ".join(f"{count:,} x {reason}" for reason, count in tally.reasons.most_common(4))
    if not tally.images:
        raise FormatError(f"None of the {claimed:,} images can be used: {reasons}", code="import.nothing_left",
                          hint="Look at the first files in an image viewer.", where=REJECTS_FILE)  # fmt: skip
    if order.accept_rejects or tally.faults <= order.max_reject_share * claimed:
        return
    raise FormatError(
        f"{tally.faults:,} of {claimed:,} images ({tally.faults / claimed:.1%}) cannot be used: {reasons}",
        code="import.rejects", where=REJECTS_FILE,
        hint="Look at the list of rejects; to go on without these files, import again and accept them.",
    )  # fmt: skip


def _write_version(
    order: ImportOrder, root: Path, candidate: Candidate, tally: _Tally, partial: Path, run: ImportReporter
) -> dict[str, Any]:
    splits = _decide_splits(order, tally)
    fingerprint = Fingerprint("classify", candidate.classes)
    per_class: list[dict[str, int]] = [dict.fromkeys(SPLITS, 0) for _ in candidate.classes]
    with (partial / ITEMS_FILE).open("w", encoding="utf-8") as stream:
        for item in _items(partial / _SCAN_FILE, tally, splits):
            stream.write(item.as_line())
            fingerprint.add(item)
            per_class[item.label][item.split] += 1
        stream.flush()
        os.fsync(stream.fileno())
    (partial / _SCAN_FILE).unlink()
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
    run.log(f"Images: {tally.images:,}. Classes: {len(candidate.classes):,}. Rejects: {tally.faults:,}.")
    return version


def _counts(tally: _Tally, per_class: list[dict[str, int]]) -> dict[str, Any]:
    return {
        "files": tally.files,
        "images": tally.images,
        "rejected": tally.faults,
        "other_files": tally.sidecars,
        "bytes": tally.total_bytes,
        "splits": {split: sum(counts[split] for counts in per_class) for split in SPLITS},
        "classes": per_class,
    }


def _decide_splits(order: ImportOrder, tally: _Tally) -> list[Split]:
    """The split of each image, in the order of the scan. Given ones stay; what is not given is dealt by seed."""
    given = {split for _, _, split in tally.digests if split is not None} if order.use_given_splits else set()
    if {"train", "val"} <= given:
        return [split or "train" for _, _, split in tally.digests]
    to_deal: Iterator[tuple[int, bytes]] = (
        (label, digest) for label, digest, split in tally.digests if not given or split == "train"
    )
    dealt = stratified_splits(
        to_deal, seed=order.seed, val=0.0 if "val" in given else order.val, test=0.0 if "test" in given else order.test
    )
    return [
        dealt[digest] if not given or split is None or split == "train" else split
        for _, digest, split in tally.digests
    ]


def _items(scan_path: Path, tally: _Tally, splits: list[Split]) -> Iterator[Item]:
    with scan_path.open(encoding="utf-8") as stream:
        for line, (_, digest, _), split in zip(stream, tally.digests, splits, strict=True):
            path, label, width, height, mode, kind, orientation, size_bytes = json.loads(line)
            yield Item(path, label, split, width, height, mode, kind, orientation, size_bytes, digest.hex())


def _warnings(
    candidate: Candidate, tally: _Tally, splits: list[Split], per_class: list[dict[str, int]]
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


