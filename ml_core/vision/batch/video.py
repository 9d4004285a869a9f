"""Frames of a video, decoded by a confined process of their own."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_core
from ml_core.errors import CodedError, FormatError

#: Files with these endings are taken for videos.
VIDEO_ENDINGS = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".ogv"}
_STALLED_S = 120.0
_PIECE = 1 << 20
_LONGEST_LINE = 4096
_ROOT = Path(ml_core.__file__).resolve().parent.parent


@dataclass(frozen=True)
class Frame:
    """One frame: its number, its time from the first frame in seconds, and its upright pixels as a PPM."""

    number: int
    time_s: float
    content: bytes


class Video:
    """An opened video; use it in a ``with`` block and go through its frames once.

    Args:
        path: The file.
        every_nth: 1 for all frames.
        known: Number of the last frame that is not wanted any more; -1 for none.
        most: Frames at most, counted from the beginning of the video.

    Attributes:
        rate: Frames a second.
        frames: How many frames there will be, as far as the file tells; at least 1.

    Raises:
        FormatError: ``video.damaged``, ``video.no_pictures``, ``video.too_large``, ``video.too_long`` or
            ``video.stalled``; also while going through the frames.
    """

    def __init__(self, path: Path, *, every_nth: int = 1, known: int = -1, most: int = sys.maxsize) -> None:
        self._where = path.name
        self._empty = tempfile.TemporaryDirectory(prefix="video-")
        with path.open("rb") as stream:
            self._child = subprocess.Popen(  # a fixed program; the arguments are numbers
                [sys.executable, "-B", "-m", "ml_core.vision.batch.video_child", str(every_nth), str(known), str(most)],
                stdin=stream, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=self._empty.name,
                # Nothing of our environment, whose secrets the child must not know.
                env={"PYTHONPATH": str(_ROOT), "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"},
                start_new_session=True, close_fds=True,
            )  # fmt: skip
        self._rest = bytearray()

    def __enter__(self) -> Video:
        try:
            facts = self._line()
        except BaseException:
            self.close()
            raise
        self.rate = float(facts["rate"])
        self.frames = max(1, int(facts["frames"]))
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        while "end" not in (line := self._line()):
            yield Frame(int(line["frame"]), float(line["time_s"]), self._bytes(int(line["bytes"])))

    def close(self) -> None:
        """End the child."""
        self._child.kill()
        assert self._child.stdout is not None
        self._child.stdout.close()
        self._child.wait()
        self._empty.cleanup()

    def _line(self) -> dict[str, Any]:
        while (at := self._rest.find(b"\n")) < 0:
            if len(self._rest) > _LONGEST_LINE:
                raise self._died()
            self._read()
        line: dict[str, Any] = json.loads(self._rest[:at])
        del self._rest[: at + 1]
        if "error" in line:
            raise FormatError(**line["error"], where=self._where)
        return line

    def _bytes(self, count: int) -> bytes:
        while len(self._rest) < count:
            self._read()
        content = bytes(memoryview(self._rest)[:count])
        del self._rest[:count]
        return content

    def _read(self) -> None:
        assert self._child.stdout is not None
        descriptor = self._child.stdout.fileno()
        if not select.select([descriptor], [], [], _STALLED_S)[0]:
            raise FormatError("The video cannot be decoded in reasonable time.", code="video.stalled",
                              hint="Convert it to MP4 with H.264, then send it again.", where=self._where)  # fmt: skip
        piece = os.read(descriptor, _PIECE)
        if not piece:
            raise self._died()
        self._rest += piece

    def _died(self) -> CodedError:
        return FormatError("The video is damaged so badly that its decoder gave up.", code="video.damaged",
                           hint="Convert it to MP4 with H.264, then send it again.", where=self._where)  # fmt: skip
