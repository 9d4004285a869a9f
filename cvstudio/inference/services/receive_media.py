"""Uploads of a batch: a zip archive, or one video, recognised by its first bytes and never by what it is called."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Final

from cvstudio.datasets.services.receive_upload import Upload
from cvstudio.inference.errors import InferenceError
from ml_core.vision.batch.video import VIDEO_ENDINGS

_HEAD_BYTES: Final = 12
_ZIP: Final = b"PK"
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f/\\]")
_LONGEST_STEM: Final = 150  # bytes: folders take names of 255
#: Endings by kind of container.
ENDINGS: Final = {"mp4": ".mp4", "webm": ".webm", "avi": ".avi", "mpeg": ".mpg", "ogg": ".ogv"}


class MediaUpload(Upload):
    """An archive or a video on its way to the disk."""

    def look_at(self, position: int, piece: bytes) -> None:
        """Go on with what begins like an archive or a video.

        Raises:
            InferenceError: ``upload.not_media``.
        """
        if position == 0 and len(piece) >= _HEAD_BYTES and not piece.startswith(_ZIP):
            _known(piece)

    def finish(self) -> Path:
        """Judge an archive by its directory; keep a video, which is judged where it is decoded.

        Raises:
            CodedError: Nothing came.
            UnsafeFileError: The archive could do harm.
            FormatError: The archive is damaged.
            InferenceError: It is neither an archive nor a video.
        """
        self._stream.flush()
        head = _head(self.path)
        if not head or head.startswith(_ZIP):
            return super().finish()
        _known(head)
        self._stream.close()
        self.kept = True
        return self.path


def kind_of(path: Path) -> str | None:
    """The kind of a video's container, by its content; ``None`` for everything else."""
    return _kind(_head(path))


def file_name(name: str, kind: str) -> str:
    """What a video is called in a folder: the client's name without what does not belong into one."""
    given = PurePosixPath(_UNFIT.sub("_", name).lstrip(".") or "video")
    ending = given.suffix.lower()
    stem = given.stem.encode()[:_LONGEST_STEM].decode(errors="ignore")
    return stem + (ending if ending in VIDEO_ENDINGS else ENDINGS[kind])


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_HEAD_BYTES)


def _kind(head: bytes) -> str | None:
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mp4"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    starts = {b"\x1a\x45\xdf\xa3": "webm", b"\x00\x00\x01\xba": "mpeg", b"\x47": "mpeg", b"OggS": "ogg"}
    return next((kind for start, kind in starts.items() if head.startswith(start)), None)


def _known(head: bytes) -> None:
    if _kind(head) is None:
        raise InferenceError(
            "The upload is neither a zip archive nor a video.", code="upload.not_media", where="file",
            hint="Pack images as .zip, or send an MP4, MOV, WebM, MKV, AVI or MPEG file.",
        )  # fmt: skip
