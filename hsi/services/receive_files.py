"""Take the files of a scene from a client piece by piece: a cube, its mask, a header with its data, or one zip."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from cvstudio.datasets.errors import UploadTooLargeError
from cvstudio.datasets.services.receive_upload import RESERVE_BYTES, refuse_large
from hsi.errors import SceneError
from hsi.storage import new_upload_folder
from ml_core.data.archive import ArchiveLimits, extract_zip
from ml_core.errors import CodedError

#: A cube, a mask and the headers of both are four.
MAX_FILES = 20
SUFFIXES = frozenset(
    {
        ".npz",
        ".npy",
        ".mat",
        ".hdr",
        ".img",
        ".raw",
        ".dat",
        ".bin",
        ".bsq",
        ".bil",
        ".bip",
        ".tif",
        ".tiff",
        ".zip",
        "",
    }
)
"""An ENVI data file may have none."""


class SceneUpload:
    """Files on their way to a fresh folder. What no service keeps is removed by `discard`.

    ENVI finds its data by the name of its header, and names tell a mask from a cube, so the names are kept as far as
    they are plain; nothing of a name decides where a file lies.
    """

    def __init__(self, declared_bytes: int | None = None) -> None:
        self.folder = new_upload_folder()
        self.label = ""
        self.names: list[str] = []
        self.received = 0
        self.kept = False
        self._declared = declared_bytes
        self._stream: BinaryIO | None = None

    def begin(self, client_name: str) -> None:
        """A file begins.

        Raises:
            SceneError: Its name ends like nothing that a scene is made of, or there are too many files.
            UploadTooLargeError: The client announces more than `MAX_UPLOAD_SIZE`.
            CodedError: ``disk.full``.
        """
        self.end()
        name = plain_name(client_name)
        if Path(name).suffix.lower() not in SUFFIXES:
            raise SceneError(
                f"A scene is not made of {Path(name).suffix[:20]} files.", code="upload.suffix", where="file",
                hint="Bring .npz, .npy, .mat, ENVI (.hdr with its data file), GeoTIFF, or a zip of these.",
            )  # fmt: skip
        if len(self.names) >= MAX_FILES:
            raise SceneError("These are too many files for one scene.", code="upload.too_many_files", where="file",
                             hint=f"At most {MAX_FILES}; pack them as a zip.")  # fmt: skip
        if not self.names:
            self._make_folder()
        name = _free_name(name, self.names)
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

    def finish(self) -> Path:
        """Unpack what is a zip and hand over the folder.

        Raises:
            CodedError: Nothing came.
            UnsafeFileError: An archive could do harm.
            FormatError: An archive is damaged.
        """
        self.end()
        if not self.names or not self.received:
            raise CodedError("The upload is empty.", code="upload.empty", hint="Choose the files of a scene.",
                             where="file")  # fmt: skip
        limits = ArchiveLimits(max_members=1000, max_total_bytes=8 * settings.MAX_UPLOAD_SIZE)
        for name in self.names:
            if name.lower().endswith(".zip"):
                archive = self.folder / name
                extract_zip(archive, self.folder / f"{archive.stem}-unpacked", limits=limits)
                archive.unlink()
        return self.folder

    def discard(self) -> None:
        """Remove what came."""
        self.end()
        self.kept = False
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make_folder(self) -> None:
        refuse_large(self._declared)
        parent = self.folder.parent
        parent.mkdir(parents=True, exist_ok=True)
        if (self._declared or 0) + RESERVE_BYTES > shutil.disk_usage(parent).free:
            raise CodedError("There is not enough free disk space for this upload.", code="disk.full",
                             hint="Delete what is no longer needed, then try again.")  # fmt: skip
        self.folder.mkdir()


def plain_name(client_name: str) -> str:
    """A client's file name without folders, and with nothing but letters, digits, dots, dashes and underscores."""
    last = client_name.replace("\\", "/").rpartition("/")[2]
    path = Path(re.sub(r"[^A-Za-z0-9._-]+", "_", last).lstrip("._-") or "file")
    return f"{path.stem[:80]}{path.suffix[:20]}"


def _free_name(name: str, taken: list[str]) -> str:
    known = {other.lower() for other in taken}
    path, number = Path(name), 2
    while name.lower() in known:
        name, number = f"{path.stem}-{number}{path.suffix}", number + 1
    return name
