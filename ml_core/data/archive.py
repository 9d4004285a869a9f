"""Unpacks a zip archive from outside by an own member loop: all of it, or nothing.

Every member is judged before the first byte is written. Then each is written into a fresh folder that gets its final
name only when the last one is whole. ``ZipFile.extractall`` is not used: it repairs hostile names silently, follows no
limits, and leaves half an archive behind.
"""

from __future__ import annotations

import errno
import lzma
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from ml_core.data.archive_names import MemberPlan, is_junk, judge_member, refuse_clashes
from ml_core.data.zip_directory import count_members, damaged
from ml_core.errors import CodedError, FormatError, UnsafeFileError

_CHUNK: Final = 1 << 20
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
_OPEN_FAULTS: Final = (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error)
# OSError is what bz2 raises on a broken stream.
_READ_FAULTS: Final = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, OSError)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ArchiveLimits:
    """How much an archive may hold.

    Attributes:
        max_members: Files and folders.
        max_total_bytes: Unpacked size of all files.
        max_ratio: Unpacked size divided by packed size, of the archive and of each file. Deflate reaches 1,032.
        ratio_floor_bytes: Below this unpacked size no ratio is suspicious: empty pictures pack very well.
        reserve_bytes: Free disk space that must remain.
    """

    max_members: int = 1_000_000
    max_total_bytes: int = 64 << 30
    max_ratio: float = 100.0
    ratio_floor_bytes: int = 64 << 20
    reserve_bytes: int = 512 << 20


@dataclass(frozen=True)
class Extraction:
    """What was unpacked.

    Attributes:
        files: Files written.
        total_bytes: Their size.
        ignored: Leftovers of operating systems that were left out, such as ``.DS_Store``.
    """

    files: int
    total_bytes: int
    ignored: int


def extract_zip(
    archive: Path,
    target: Path,
    *,
    limits: ArchiveLimits | None = None,
    progress: Progress | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> Extraction:
    """Unpack ``archive`` into the new folder ``target``. Archives inside are left as files.

    Args:
        archive: The zip file.
        target: Must not exist; its parent is made. It appears only when everything is written.
        limits: Bounds; the defaults suit large image sets.
        progress: Called with (bytes written, bytes in all) at most once a megabyte.
        check_cancelled: Called before each file; raises in order to cancel.

    Raises:
        UnsafeFileError: A member could do harm or the archive is a bomb. Nothing is left on the disk.
        FormatError: It is no zip archive, or damaged. Nothing is left on the disk.
        CodedError: ``disk.full``.
    """
    limits = limits or ArchiveLimits()
    if target.exists():
        raise FormatError("The folder to unpack into exists already.", code="archive.target_exists", where=target.name)
    with _judged(archive, limits) as (packed, plans):
        _refuse_full_disk(plans, target, limits)
        return _write_all(packed, plans, target, progress, check_cancelled)


def check_zip(archive: Path, limits: ArchiveLimits | None = None) -> int:
    """Judge an archive by its directory, without unpacking; what `extract_zip` would refuse then is refused now.

    Returns:
        Bytes that it holds unpacked.

    Raises:
        UnsafeFileError: As `extract_zip`.
        FormatError: As `extract_zip`.
    """
    with _judged(archive, limits or ArchiveLimits()) as (_, plans):
        return sum(plan.size for plan in plans)


@contextmanager
def _judged(archive: Path, limits: ArchiveLimits) -> Iterator[tuple[zipfile.ZipFile, list[MemberPlan]]]:
    with archive.open("rb") as stream:
        if count_members(stream, limits.max_members) > limits.max_members:
            raise UnsafeFileError(
                f"The archive holds more than {limits.max_members:,} files and folders.",
                code="archive.too_many_members", hint="Split it into several archives.",
            )  # fmt: skip
        try:
            packed = zipfile.ZipFile(stream)
        except _OPEN_FAULTS as error:
            raise damaged() from error
        with packed:
            plans = [judge_member(info) for info in packed.infolist()]
            refuse_clashes(plans)
            _refuse_bombs(plans, archive.stat().st_size, limits)
            yield packed, plans


def _refuse_bombs(plans: list[MemberPlan], archive_bytes: int, limits: ArchiveLimits) -> None:
    total = sum(plan.size for plan in plans)
    if total > limits.max_total_bytes:
        raise UnsafeFileError(
            f"The archive unpacks to {total / 1e9:,.1f} GB, more than the {limits.max_total_bytes / 1e9:,.1f} GB "
            "that are allowed.", code="archive.too_large", hint="Split it into several archives.",
        )  # fmt: skip
    if total > limits.ratio_floor_bytes and total > limits.max_ratio * max(1, archive_bytes):
        raise _bomb("The archive", total, archive_bytes)
    for plan in plans:
        if plan.info.compress_type not in _METHODS:
            raise FormatError("The archive uses a packing method that is not supported.", code="archive.method",
                              hint="Pack it with the ordinary method (deflate).", where=plan.shown)  # fmt: skip
        packed_bytes = plan.info.compress_size
        if plan.size > limits.ratio_floor_bytes and plan.size > limits.max_ratio * max(1, packed_bytes):
            raise _bomb("A file in the archive", plan.size, packed_bytes, plan.shown)


def _bomb(subject: str, size: int, packed: int, where: str = "") -> UnsafeFileError:
    return UnsafeFileError(
        f"{subject} grows from {packed:,} to {size:,} bytes when unpacked, as a decompression bomb does.",
        code="archive.bomb", hint="Pack the images without further compression.", where=where,
    )  # fmt: skip


def _refuse_full_disk(plans: list[MemberPlan], target: Path, limits: ArchiveLimits) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    needed = sum(plan.size for plan in plans)
    free = shutil.disk_usage(target.parent).free
    if needed + limits.reserve_bytes > free:
        raise CodedError(
            f"Unpacking needs {needed / 1e9:,.2f} GB and a reserve of {limits.reserve_bytes / 1e9:,.2f} GB, but only "
            f"{free / 1e9:,.2f} GB are free.", code="disk.full", hint="Free some disk space and try again.",
        )  # fmt: skip


def _write_all(
    packed: zipfile.ZipFile,
    plans: list[MemberPlan],
    target: Path,
    progress: Progress | None,
    check_cancelled: Callable[[], None] | None,
) -> Extraction:
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # what a killed process left
    try:
        partial.mkdir()
        writer = _Writer(packed, partial, sum(plan.size for plan in plans), progress)
        ignored = 0
        for plan in plans:
            if check_cancelled is not None:
                check_cancelled()
            if is_junk(plan.parts):
                ignored += not plan.is_folder
            else:
                writer.write(plan)
        partial.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CodedError("The disk became full while the archive was unpacked.", code="disk.full",
                             hint="Free some disk space and try again.") from error  # fmt: skip
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    if progress is not None:
        progress(writer.written, writer.written)
    return Extraction(writer.files, writer.written, ignored)


def _open(packed: zipfile.ZipFile, plan: MemberPlan) -> IO[bytes]:
    try:
        return packed.open(plan.info)
    except _READ_FAULTS as error:
        raise damaged() from error


def _read(source: IO[bytes]) -> bytes:
    try:
        return source.read(_CHUNK)
    except _READ_FAULTS as error:
        raise damaged() from error


class _Writer:
    """Writes judged members below one folder and keeps count."""

    def __init__(self, packed: zipfile.ZipFile, root: Path, total: int, progress: Progress | None) -> None:
        self.packed, self.root, self.total, self.progress = packed, root.resolve(), total, progress
        self.files = self.written = 0
        self._folders: set[Path] = set()
        self._told = 0

    def write(self, plan: MemberPlan) -> None:
        path = self.root.joinpath(*plan.parts)
        self._make_folder(path if plan.is_folder else path.parent)
        if plan.is_folder:
            return
        # O_EXCL: a name that is there already, even as a dangling link, is a fault and never overwritten.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        with os.fdopen(descriptor, "wb") as sink, _open(self.packed, plan) as source:
            size = 0
            while chunk := _read(source):
                size += len(chunk)
                if size > plan.size:
                    raise UnsafeFileError("A file in the archive is larger than it declares.", code="archive.bomb",
                                          hint="Pack the images again.", where=plan.shown)  # fmt: skip
                sink.write(chunk)
                self._count(len(chunk))
        self.files += 1

    def _make_folder(self, folder: Path) -> None:
        if folder in self._folders:
            return
        folder.mkdir(parents=True, exist_ok=True)
        # The names were judged; this looks at the resolved thing, which no trick with names can change.
        if not folder.resolve().is_relative_to(self.root):
            raise UnsafeFileError("A file in the archive leads out of its folder.", code="archive.path_escape")
        self._folders.add(folder)

    def _count(self, size: int) -> None:
        self.written += size
        if self.progress is not None and self.written - self._told >= _CHUNK:
            self._told = self.written
            self.progress(self.written, self.total)
