"""Where an export goes: a folder that appears when it is whole, or a zip archive. Images are copied byte for byte."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Final, Protocol, TextIO

from ml_core.errors import FormatError

_CHUNK: Final = 1 << 20
_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the same export gives the same archive


class Sink(Protocol):
    """Takes files under paths relative to the root of the export, with ``/``."""

    def text(self, path: str) -> AbstractContextManager[TextIO]:
        """A UTF-8 file to write into. One at a time."""
        ...

    def image(self, path: str, source: Path, sha256: str) -> None:
        """Copy an image.

        Raises:
            FormatError: ``export.image_missing`` or ``export.image_changed`` since the import.
        """
        ...


class FolderSink:
    """Writes below a new folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def text(self, path: str) -> Iterator[TextIO]:
        """See `Sink`."""
        with self._make(path).open("x", encoding="utf-8", newline="\n") as stream:
            yield stream

    def image(self, path: str, source: Path, sha256: str) -> None:
        """See `Sink`."""
        with self._make(path).open("xb") as stream:
            _copy(source, stream, sha256)

    def _make(self, path: str) -> Path:
        full = self._root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        return full


class ZipSink:
    """Writes into an archive: images stored as they are, since they are packed already, text deflated."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextmanager
    def text(self, path: str) -> Iterator[TextIO]:
        """See `Sink`."""
        info = zipfile.ZipInfo(path, _DATE)
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        with (
            self._archive.open(info, "w", force_zip64=True) as raw,
            io.TextIOWrapper(raw, "utf-8", newline="\n") as text,
        ):
            yield text

    def image(self, path: str, source: Path, sha256: str) -> None:
        """See `Sink`."""
        info = zipfile.ZipInfo(path, _DATE)
        info.external_attr = 0o644 << 16
        with self._archive.open(info, "w", force_zip64=True) as stream:
            _copy(source, stream, sha256)


def _copy(source: Path, target: IO[bytes], sha256: str) -> None:
    digest = hashlib.sha256()
    try:
        with source.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
    except FileNotFoundError as error:
        raise FormatError(
            "An image of the data set is missing.", code="export.image_missing",
            hint="Bring the file back, or import the folder again.", where=source.name,
        ) from error  # fmt: skip
    if digest.hexdigest() != sha256:
        raise FormatError("An image has changed since it was imported.", code="export.image_changed",
                          hint="Bring the old file back, or import the folder as a new version.",
                          where=source.name)  # fmt: skip


@contextmanager
def open_sink(target: Path) -> Iterator[Sink]:
    """A sink for a new folder, or for a new archive where the name ends in ``.zip``; nothing stays where it fails.

    Raises:
        FormatError: ``export.target_exists``.
    """
    if target.exists():
        raise FormatError("The place to export to exists already.", code="export.target_exists",
                          hint="Choose another name.", where=target.name)  # fmt: skip
    partial = target.with_name(f".{target.name}.partial")
    _remove(partial)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if target.suffix.lower() == ".zip":
            with zipfile.ZipFile(partial, "x", zipfile.ZIP_STORED, allowZip64=True) as archive:
                yield ZipSink(archive)
        else:
            partial.mkdir()
            yield FolderSink(partial)
        partial.rename(target)
    finally:
        _remove(partial)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
