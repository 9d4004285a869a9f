"""From a folder or a zip archive to an immutable version: unpack, recognise, scan, split, write.

Every file that comes in goes out as an image or as a named reject; the sums are compared. Images are streamed: what
stays in memory is a digest of 32 bytes for each, to find equal files.
"""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from ml_core.data.archive import extract_zip
from ml_core.data.digits import write_digits
from ml_core.data.formats.base import Candidate, choose, get_format
from ml_core.data.import_order import ImportOrder, ImportReporter
from ml_core.data.manifest import REJECTS_FILE, VERSION_FILE, Reject, RejectWriter, read_version
from ml_core.data.scan import Scanned, scan
from ml_core.data.tree import read_tree
from ml_core.data.version_writer import SCAN_FILE, Tally, write_version
from ml_core.errors import CodedError, FormatError
from ml_core.run.files import sync_folder

__all__ = ["ImportOrder", "ImportReporter", "import_images"]


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
        version = write_version(order, root, candidate, tally, partial)
        run.log(f"Images: {tally.images:,}. Classes: {len(candidate.classes):,}. Rejects: {tally.faults:,}.")
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
                    _note_reject(outcome, tally, rejects)
                else:
                    _note_image(outcome, tally, scanned)
            run.progress(tally.files, max(expected, tally.files), "files", "scan")
    if tally.files != tally.images + tally.faults + tally.sidecars:
        raise CodedError("The import lost count of its files.", code="import.miscounted", hint="Report this defect.")
    return tally


def _note_reject(reject: Reject, tally: Tally, rejects: RejectWriter) -> None:
    rejects.write(reject)
    if reject.is_fault:
        tally.reasons[reject.reason] += 1
    else:
        tally.sidecars += 1


def _note_image(image: Scanned, tally: Tally, stream: TextIO) -> None:
    facts = image.facts
    tally.images += 1
    tally.total_bytes += facts.size_bytes
    tally.extension_differs += facts.extension_differs
    tally.digests.append((image.label, bytes.fromhex(facts.sha256), image.split))
    values = [image.path, image.label, facts.width, facts.height, facts.mode, facts.format, facts.orientation,
              facts.size_bytes]  # fmt: skip
    stream.write(json.dumps(values, separators=(",", ":")) + "\n")


def _refuse_many_rejects(order: ImportOrder, tally: Tally) -> None:
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
