"""From a folder or a zip archive to an immutable version: unpack, recognise, scan, split, write.

Every file that comes in goes out as an image or as a named reject; the sums are compared. Images are streamed: what
stays in memory is a digest of 32 bytes for each, to find equal files.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ml_core.data.archive import extract_zip
from ml_core.data.choose_reading import choose_reading, described
from ml_core.data.digits import write_digits
from ml_core.data.formats.base import Candidate, get_format
from ml_core.data.import_labels import take_labels
from ml_core.data.import_order import ImportOrder, ImportReporter
from ml_core.data.labelled_version import write_labelled_version
from ml_core.data.manifest import READINGS_FILE, REJECTS_FILE, VERSION_FILE, Reject, RejectWriter, read_version
from ml_core.data.scan import scan
from ml_core.data.tree import read_tree
from ml_core.data.version_writer import SCAN_FILE, Tally, note_image, note_reject, write_version
from ml_core.errors import CodedError, FormatError
from ml_core.run.files import sync_folder, write_json_atomic

__all__ = ["ImportOrder", "ImportReporter", "import_images"]


def import_images(
    order: ImportOrder,
    run: ImportReporter,
    rejects_copy: Path | None = None,
    readings_copy: Path | None = None,
) -> dict[str, Any]:
    """Make the version folder and return the content of its ``version.json``.

    A version folder that is there already was made by an earlier attempt of the same import and is returned as it is.

    Args:
        order: What to import and how.
        run: Receives progress and log; asked whether to go on.
        rejects_copy: Where ``rejects.csv`` goes as well, also when the import is refused because of it.
        readings_copy: Where ``readings.json`` goes as well, also when no reading can be taken.

    Raises:
        UnsafeFileError: The archive was refused.
        FormatError: Nothing was recognised, or ``import.rejects``: too many files cannot be used.
    """
    if (order.version / VERSION_FILE).exists():
        if rejects_copy is not None:
            shutil.copyfile(order.version / REJECTS_FILE, rejects_copy)
        if readings_copy is not None and (order.version / READINGS_FILE).exists():
            shutil.copyfile(order.version / READINGS_FILE, readings_copy)
        return read_version(order.version, ("classify", "detect"))
    root = _unpack(order, run)
    run.progress(0, None, "files", "recognise")
    tree = read_tree(root, run.raise_if_requested)
    readings: list[dict[str, Any]] = []

    def tell(found: Sequence[Candidate]) -> None:
        readings[:] = described(found)
        if readings_copy is not None:
            write_json_atomic(readings_copy, readings)

    candidate, index = choose_reading(order, root, tree, run, tell)
    for line in candidate.evidence:
        run.log(line)
    for line in candidate.warnings:
        run.log(line, "warning")
    partial = order.version.with_name(f".{order.version.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    write_json_atomic(partial / READINGS_FILE, readings)
    try:
        taken = None if index is None else take_labels(order, index, candidate, partial, run)
        tally = _scan_all(order, root, candidate, partial, tree.all_files(), run) if taken is None else taken.tally
        if rejects_copy is not None:
            shutil.copyfile(partial / REJECTS_FILE, rejects_copy)
        _refuse_many_rejects(order, tally)
        if taken is None:
            version = write_version(order, root, candidate, tally, partial)
        else:
            version = write_labelled_version(order, root, candidate, taken, partial)
        run.log(f"Images: {tally.images:,}. Classes: {len(version['classes']):,}. Rejects: {tally.faults:,}.")
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
) -> Tally:
    tally = Tally()
    layout = get_format(candidate.format)
    with ExitStack() as stack:
        scanned = stack.enter_context((partial / SCAN_FILE).open("w", encoding="utf-8"))
        rejected = stack.enter_context((partial / REJECTS_FILE).open("w", encoding="utf-8", newline=""))
        rejects = RejectWriter(rejected)
        for batch in scan(root, layout, candidate, workers=order.workers):
            run.raise_if_requested()
            for outcome in batch:
                tally.files += 1
                if isinstance(outcome, Reject):
                    note_reject(outcome, tally, rejects)
                else:
                    note_image(outcome, tally, scanned)
            run.progress(tally.files, max(expected, tally.files), "files", "scan")
    if tally.files != tally.images + tally.faults + tally.sidecars:
        raise CodedError("The import lost count of its files.", code="import.miscounted", hint="Report this defect.")
    return tally


def _refuse_many_rejects(order: ImportOrder, tally: Tally) -> None:
    claimed = tally.images + tally.faults
    reasons = ", ".join(f"{count:,} x {reason}" for reason, count in tally.reasons.most_common(4))
    if not tally.images:
        raise FormatError(f"None of the {claimed:,} images can be used: {reasons}", code="import.nothing_left",
                          hint="Look at the first files in an image viewer.", where=REJECTS_FILE)  # fmt: skip
    if order.accept_rejects:
        return
    if tally.annotations_lost > order.max_reject_share * tally.annotations_read:
        raise FormatError(
            f"{tally.annotations_lost:,} of {tally.annotations_read:,} annotations "
            f"({tally.annotations_lost / tally.annotations_read:.1%}) would be left out: {reasons}",
            code="import.rejects", where=REJECTS_FILE,
            hint="Look at the list of rejects; to go on without them, import again and accept them.",
        )  # fmt: skip
    if tally.faults <= order.max_reject_share * claimed:
        return
    raise FormatError(
        f"{tally.faults:,} of {claimed:,} images ({tally.faults / claimed:.1%}) cannot be used: {reasons}",
        code="import.rejects", where=REJECTS_FILE,
        hint="Look at the list of rejects; to go on without these files, import again and accept them.",
    )  # fmt: skip
