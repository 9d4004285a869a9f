"""Pictures and videos with the answers of a batch drawn in, to be taken away."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from ml_core.data.decode import load_image
from ml_core.engine.device import available_cores
from ml_core.errors import CodedError, FormatError
from ml_core.run.context import RunContext
from ml_core.vision.batch.ahead import work_ahead
from ml_core.vision.batch.answers import read_answers
from ml_core.vision.batch.config import DrawConfig
from ml_core.vision.batch.paint import paint
from ml_core.vision.batch.sources import Picture, Source, read_content
from ml_core.vision.batch.tables import Sieve
from ml_core.vision.batch.video import Video

_AHEAD = 16
_CLOCK = 90_000  # ticks a second, as videos count
_QUALITY = 90

Record = dict[str, Any]


def draw_answers(config: DrawConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``pictures.zip`` with JPEG files and MP4 videos, or ``pictures.mp4`` for a single video.

    Between two frames that were looked at, a video shows what was found in the first.

    Raises:
        FormatError: Nothing can be drawn.
        RunPaused: Resuming draws all of them again.
        RunStopped: The run ends.
    """
    classes = None if config.classes is None else frozenset(config.classes)
    answers = Path(config.answers)
    work = _Work(config, run, Sieve(config.threshold, classes), sum(1 for _ in read_answers(answers)))
    videos = {record["path"] for record in read_answers(answers) if "frame" in record}
    if len(videos) == 1 and all(record["path"] in videos for record in read_answers(answers)):
        path = run.artifact_path("pictures.mp4")
        work.film(videos.pop(), read_answers(answers), path)
        run.artifact(path, "video/mp4")
    else:
        path = run.artifact_path("pictures.zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as packed:  # JPEG and MP4 are packed
            work.stills(answers, packed)
            work.films(answers, packed)
        run.artifact(path, "application/zip")
    if not work.drawn:
        raise FormatError("None of the images is where the batch found it.", code="data.missing",
                          hint="Bring them back, or predict the batch again.", where="root")  # fmt: skip
    return {"metrics": {"images": work.drawn, "failed": work.failed}}


class _Work:
    """Draws, and counts what it has drawn."""

    def __init__(self, config: DrawConfig, run: RunContext, sieve: Sieve, total: int) -> None:
        self._root = Path(config.root)
        self._run = run
        self._sieve = sieve
        self._total = total
        self._done = 0
        self.drawn = 0
        self.failed = 0

    def stills(self, answers: Path, packed: zipfile.ZipFile) -> None:
        """All images, as JPEG files below their own paths."""
        records = (record for record in read_answers(answers) if not Source(record["path"]).is_video)
        drawn = work_ahead(
            records, self._still, threads=available_cores(), ahead=_AHEAD, while_waiting=self._run.raise_if_requested
        )
        with closing(drawn):
            for record, content in drawn:
                if content is None:
                    self.failed += 1
                else:
                    packed.writestr(_named(record["path"], ".jpg", ".jpeg"), content)
                    self.drawn += 1
                self._step()

    def films(self, answers: Path, packed: zipfile.ZipFile) -> None:
        """All videos, as MP4 files below their own paths."""
        records = (record for record in read_answers(answers) if Source(record["path"]).is_video)
        for path, group in groupby(records, key=lambda record: str(record["path"])):
            made = self._run.dir.path / "film.mp4"
            if self.film(path, group, made):
                packed.write(made, _named(path, ".mp4"))
                made.unlink()

    def film(self, path: str, records: Iterator[Record], target: Path) -> bool:
        """One video with all its frames; whether there was any."""
        ahead = _Held(self._sieve(record) for record in records if "frame" in record)
        writer = None
        try:
            with Video(self._root / path) as video:
                for frame in video:
                    picture = load_image(frame.content)
                    writer = writer or _Writer(target, picture.size, video.rate)
                    answer, is_new = ahead.at(frame.number)
                    writer.write(paint(picture, answer) if answer else picture, frame.time_s)
                    self.drawn += is_new
                    if is_new:
                        self._step()
                    self._run.raise_if_requested()
        except (CodedError, OSError):
            self.failed += 1  # what came before the fault is in the film
        finally:
            if writer is not None:
                writer.close()
        return writer is not None

    def _still(self, record: Record) -> bytes | None:
        try:
            picture = load_image(read_content(self._root, Picture(record["path"])))
        except CodedError:
            return None
        stream = io.BytesIO()
        paint(picture, self._sieve(record)).save(
            stream, "JPEG", quality=_QUALITY, subsampling=0
        )  # thin lines keep their colour
        return stream.getvalue()

    def _step(self) -> None:
        self._done += 1
        self._run.progress(self._done, self._total, "images", "drawing")
        self._run.raise_if_requested()


class _Held:
    """The answer about the last frame that was looked at."""

    def __init__(self, records: Iterator[Record]) -> None:
        self._records = records
        self._next = next(records, None)
        self._held: Record = {}

    def at(self, frame: int) -> tuple[Record, bool]:
        """What holds at a frame, and whether it was looked at itself. Frames are asked for in their order."""
        is_new = self._next is not None and self._next["frame"] <= frame
        if is_new and self._next is not None:
            self._held = self._next
            self._next = next(self._records, None)
        return self._held, is_new


class _Writer:
    """An MP4 file with H.264, which every browser plays."""

    def __init__(self, path: Path, size: tuple[int, int], rate: float) -> None:
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "faststart"})
        self._stream = self._container.add_stream("h264", rate=Fraction(rate).limit_denominator(1001))
        self._stream.options = {"preset": "veryfast", "crf": "23"}
        self._size = size[0] & ~1, size[1] & ~1  # chroma is stored for every second pixel
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, _CLOCK)
        self._last = -1

    def write(self, picture: Image.Image, time_s: float) -> None:
        """Add a frame."""
        frame = av.VideoFrame.from_ndarray(np.asarray(picture.crop((0, 0, *self._size))), format="rgb24")
        self._last = max(self._last + 1, round(time_s * _CLOCK))
        frame.pts, frame.time_base = self._last, Fraction(1, _CLOCK)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what is left, and the end."""
        self._container.mux(self._stream.encode())
        self._container.close()


def _named(path: str, *endings: str) -> str:
    """The path with an ending that fits what is in the file."""
    return path if Path(path).suffix.lower() in endings else path + endings[0]
