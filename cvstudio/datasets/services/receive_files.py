"""Take several files of one form piece by piece into a fresh folder. A domain says which files it takes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import BinaryIO, ClassVar

from django.conf import settings

from cvstudio.datasets.errors import UploadTooLargeError
from cvstudio.datasets.services.receive_upload import RESERVE_BYTES, refuse_large
from ml_core.data.archive import ArchiveLimits, extract_zip
from ml_core.errors import CodedError

_ZIP = ".zip"


class FilesUpload:
    """Files on their way to a fresh folder. What no service keeps is removed by `discard`.

    Names tell files apart (a header finds its data by it, a spectrum its star), so they are kept as far as they are
    plain; nothing of a name decides where a file lies.

    Args:
        folder: Where they go; it must not exist yet.
        declared_bytes: What the client says about the length of its form.
    """

    noun: ClassVar[str]
    """What the files make together, as a refusal names it."""
    suffixes: ClassVar[frozenset[str]]
    """Endings that are taken, in small letters; ``""`` is a name without one."""
    brings: ClassVar[str]
    """The cure for other endings."""
    max_files: ClassVar[int]

    def __init__(self, folder: Path, declared_bytes: int | None = None) -> None:
        self.folder = folder
        self.label = ""
        self.names: list[str] = []
        self.received = 0
        self.kept = False
        self._declared = declared_bytes
        self._stream: BinaryIO | None = None

    def begin(self, client_name: str) -> None:
        """A file begins.

        Raises:
            UploadTooLargeError: The client announces more than `MAX_UPLOAD_SIZE`.
            CodedError: ``upload.suffix``, ``upload.too_many_files``, ``disk.full``.
        """
        self.end()
        name = plain_name(client_name)
        suffix = Path(name).suffix
        if suffix.lower() not in self.suffixes:
            raise CodedError(f"A {self.noun} is not made of {suffix[:20] or 'unnamed'} files.", code="upload.suffix",
                             hint=self.brings, where="file")  # fmt: skip
        if len(self.names) >= self.max_files:
            raise CodedError(f"These are too many files for one {self.noun}.", code="upload.too_many_files",
                             hint=f"At most {self.max_files}; pack them as a zip.", where="file")  # fmt: skip
        if not self.names:
            self._make_folder()
        name = free_name(name, self.names)
        self.label = self.label or Path(client_name.replace("\\", "/")).stem
        self.names.append(name)
        self._stream = (self.folder / name).open("xb")

    def write(self, piece: bytes) -> None:
        """Take the next piece of the file.

        Raises:
            UploadTooLargeError: More than `MAX_UPLOAD_SIZE` came in all.
        """
        assert self._stream is not None
        self.received += len(piece)
        if self.received > settings.MAX_UPLOAD_SIZE:
            raise UploadTooLargeError(
                f"An upload may have at most {settings.MAX_UPLOAD_SIZE:,} bytes.", where="file",
                hint="Have the folder registered on the server instead.",
            )  # fmt: skip
        self._stream.write(piece)

    def end(self) -> None:
        """The file is whole."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def discard(self) -> None:
        """Remove what came."""
        self.end()
        self.kept = False
        shutil.rmtree(self.folder, ignore_errors=True)

    def check(self) -> None:
        """All files are there.

        Raises:
            CodedError: ``upload.empty``.
        """
        self.end()
        if not self.names or not self.received:
            raise CodedError("The upload is empty.", code="upload.empty", hint=f"Choose the files of a {self.noun}.",
                             where="file")  # fmt: skip

    def zips(self) -> list[str]:
        """Names of the files that are archives."""
        return [name for name in self.names if name.lower().endswith(_ZIP)]

    def unpack(self, max_members: int) -> None:
        """Replace every archive by a folder of what it holds.

        Raises:
            UnsafeFileError: An archive could do harm.
            FormatError: An archive is damaged.
        """
        limits = ArchiveLimits(max_members=max_members, max_total_bytes=8 * settings.MAX_UPLOAD_SIZE)
        for name in self.zips():
            archive = self.folder / name
            extract_zip(archive, self.folder / f"{archive.stem}-unpacked", limits=limits)
            archive.unlink()

    def _make_folder(self) -> None:
        refuse_large(self._declared)
        parent = self.folder.parent
        parent.mkdir(parents=True, exist_ok=True)
        if (self._declared or 0) + RESERVE_BYTES > shutil.disk_usage(parent).free:
            raise CodedError("There is not enough free disk space for this upload.", code="disk.full",
                             hint="Delete what is no longer needed, then try again.")  # fmt: skip
        self.folder.mkdir()


def plain_name(client_name: str) -> str:
    """A client's file name without folders, of letters, digits, dots, dashes, underscores and plus signs."""
    last = client_name.replace("\\", "/").rpartition("/")[2]
    path = Path(re.sub(r"[^A-Za-z0-9._+-]+", "_", last).lstrip("._-") or "file")
    return f"{path.stem[:80]}{path.suffix[:20]}"


def free_name(name: str, taken: list[str]) -> str:
    """The name, or one with a number where another file has it."""
    known = {other.lower() for other in taken}
    path, number = Path(name), 2
    while name.lower() in known:
        name, number = f"{path.stem}-{number}{path.suffix}", number + 1
    return name
