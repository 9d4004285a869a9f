"""Take an archive from a client piece by piece, never more than allowed, and judge it before anything else."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from django.conf import settings

from cvstudio.datasets.errors import UploadTooLargeError
from cvstudio.datasets.storage import new_upload_path
from ml_core.data.archive import check_zip
from ml_core.data.zip_directory import count_members
from ml_core.errors import CodedError

RESERVE_BYTES = 256 << 20
FORM_BYTES = 64 << 10
JUDGED_AT_ONCE = 20_000


class Upload:
    """An upload on its way to the disk. Unless it is kept, leaving the ``with`` block removes it.

    The first bytes decide whether to go on: what is no zip archive is refused after them, not after a gigabyte.
    """

    def __init__(self, declared_bytes: int | None = None) -> None:
        refuse_large(declared_bytes)
        self.path = new_upload_path()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if (declared_bytes or 0) + RESERVE_BYTES > shutil.disk_usage(self.path.parent).free:
            raise CodedError("There is not enough free disk space for this upload.", code="disk.full",
                             hint="Delete what is no longer needed, then try again.")  # fmt: skip
        self._stream: BinaryIO = self.path.open("xb")
        self.received = 0
        self.kept = False

    def __enter__(self) -> Upload:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        if not self.kept:
            self.path.unlink(missing_ok=True)

    def write(self, piece: bytes) -> None:
        """Take the next piece.

        Raises:
            UploadTooLargeError: More than `MAX_UPLOAD_SIZE` came.
            CodedError: ``upload.not_zip``.
        """
        self.look_at(self.received, piece)
        self.received += len(piece)
        if self.received > settings.MAX_UPLOAD_SIZE:
            raise _too_large()
        self._stream.write(piece)

    def look_at(self, position: int, piece: bytes) -> None:
        """Refuse what cannot be taken by its first bytes; others may take more than archives.

        Raises:
            CodedError: ``upload.not_zip``.
        """
        if position < 4:
            _refuse_other_formats(position, piece)

    def finish(self) -> Path:
        """Judge the whole archive by its directory and keep the file.

        Raises:
            CodedError: Nothing came.
            UnsafeFileError: The archive could do harm.
            FormatError: It is no zip archive, or a damaged one.
        """
        self._stream.close()
        if not self.received:
            raise CodedError("The upload is empty.", code="upload.empty", hint="Choose a zip archive.", where="file")
        with self.path.open("rb") as stream:
            is_small = count_members(stream, JUDGED_AT_ONCE) <= JUDGED_AT_ONCE
        if is_small:  # the import judges every archive; here it would cost the web process its memory
            check_zip(self.path)
        self.kept = True
        return self.path

    def discard(self) -> None:
        """Remove what came."""
        self.kept = False
        self.__exit__(None, None, None)


def refuse_large(declared_bytes: int | None) -> None:
    """Refuse what says itself that it is too large; a form has some bytes around its file.

    Raises:
        UploadTooLargeError: More than `MAX_UPLOAD_SIZE` is announced.
    """
    if declared_bytes is not None and declared_bytes > settings.MAX_UPLOAD_SIZE + FORM_BYTES:
        raise _too_large()


def _refuse_other_formats(position: int, piece: bytes) -> None:
    if not b"PK\x03\x04"[position:].startswith(piece[: 4 - position]) and not piece.startswith(b"PK\x05\x06"):
        raise CodedError(
            "The upload is not a zip archive.", code="upload.not_zip",
            hint="Pack the folder as .zip; .rar, .7z and .tar are not taken.", where="file",
        )  # fmt: skip


def _too_large() -> UploadTooLargeError:
    return UploadTooLargeError(
        f"An upload may have at most {settings.MAX_UPLOAD_SIZE:,} bytes.",
        hint="Split the data set, or have the folder registered on the server.",
        where="file",
    )
