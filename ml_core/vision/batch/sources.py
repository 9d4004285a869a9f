"""Which images and videos a run predicts, and their pixels one after another."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_core.data.archive import extract_zip
from ml_core.data.decode import too_large
from ml_core.data.manifest import read_items, read_version
from ml_core.errors import CodedError, FormatError
from ml_core.run.context import RunContext
from ml_core.vision.batch.places import UNPACKED
from ml_core.vision.batch.video import VIDEO_ENDINGS, Video
from ml_core.vision.config import ManyImagesConfig

IMAGE_ENDINGS = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}
_ZIP = b"PK"
_MOST_BYTES = 1 << 30  # of one encoded image


@dataclass(frozen=True)
class Source:
    """An image or a video to predict; ``label`` is the true class of an image where a data set tells it."""

    path: str
    label: str | None = None

    @property
    def is_video(self) -> bool:
        """By its ending."""
        return Path(self.path).suffix.lower() in VIDEO_ENDINGS


@dataclass
class Picture:
    """An image or a frame on its way to the network.

    Attributes:
        path: Of the image or the video.
        label: True class, where it is known.
        frame: Number of the frame of a video.
        time_s: Its time in the video, in seconds.
        content: Encoded frame, until it is prepared.
        error: Why there is no picture.
    """

    path: str
    label: str | None = None
    frame: int | None = None
    time_s: float | None = None
    content: bytes | None = None
    error: CodedError | None = None


def open_root(config: ManyImagesConfig, run: RunContext) -> Path:
    """The folder of the images. An archive is unpacked into the run's folder once; a single video is linked there."""
    if config.archive is None:
        return Path(config.root)
    archive, folder = Path(config.archive), run.dir.path / UNPACKED
    if folder.is_dir():  # it gets this name when it is whole
        return folder
    with archive.open("rb") as stream:
        is_zip = stream.read(2) == _ZIP
    if is_zip:
        run.log("Unpacking the archive.")
        extract_zip(
            archive,
            folder,
            progress=lambda done, total: run.progress(done, total, "bytes", "unpacking"),
            check_cancelled=run.raise_if_requested,
        )
    else:
        _link(archive, folder, config.archive_name)
    return folder


def _link(video: Path, folder: Path, name: str) -> None:
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # what a killed process left
    partial.mkdir()
    try:
        os.link(video, partial / name)
    except OSError:  # another file system
        shutil.copyfile(video, partial / name)
    partial.rename(folder)


def find_sources(config: ManyImagesConfig, root: Path) -> list[Source]:
    """The images that the configuration names; all images and videos that lie in the folder when it names none.

    Raises:
        FormatError: There are none, or one lies outside the folder.
    """
    sources = _sources(config, root)
    if not sources:
        raise FormatError(
            "There are no images to predict.",
            code="data.empty",
            hint="Choose a folder with JPEG, PNG or WebP images, or with videos.",
            where="root",
        )
    return sources


def _sources(config: ManyImagesConfig, root: Path) -> list[Source]:
    if config.version is not None:
        classes = read_version(Path(config.version), tasks=("classify", "detect"))["classes"]
        items = read_items(Path(config.version))
        return [
            Source(item.path, classes[item.label] if item.label >= 0 else None)
            for item in items
            if config.split in (None, item.split)
        ]
    if config.files is not None:
        return [Source(_inside(root, name)) for name in config.files]
    if not root.is_dir():
        raise FormatError("The folder of images is missing.", code="data.missing", hint="Check the path.", where="root")
    return [Source(path) for path in sorted(_files(root))]


def _inside(root: Path, name: str) -> str:
    if not (root / name).resolve().is_relative_to(root.resolve()):
        raise FormatError(
            "A file lies outside the folder of the images.",
            code="data.outside",
            hint="Name files relative to the folder.",
            where=name,
        )
    return name


def _files(root: Path) -> Iterator[str]:
    for folder, _, names in os.walk(root):
        for name in names:
            # A link could lead out of the folder, and a pipe would be waited for.
            known = Path(name).suffix.lower() in IMAGE_ENDINGS | VIDEO_ENDINGS
            if known and stat.S_ISREG((Path(folder) / name).lstat().st_mode):
                yield (Path(folder) / name).relative_to(root).as_posix()


class Pictures:
    """The images and frames of all sources in their order, without those that are known already.

    Args:
        sources: Images and videos.
        root: Their folder.
        config: Which frames of videos.
        known: Sources that were answered before, by path, with the number of the last frame of a video.

    Attributes:
        expected: How many pictures there are, the known ones included, as far as that can be told by now.
    """

    def __init__(
        self, sources: list[Source], root: Path, config: ManyImagesConfig, known: Mapping[str, int | None]
    ) -> None:
        self._sources = sources
        self._root = root
        self._config = config
        self._known = known
        self.expected = len(sources)

    def __iter__(self) -> Iterator[Picture]:
        for source in self._sources:
            if source.is_video:
                yield from self._frames(source, self._known.get(source.path, -1))
            elif source.path not in self._known:
                yield Picture(source.path, source.label)

    def _frames(self, source: Source, known: int | None) -> Iterator[Picture]:
        if known is None:  # it could not be read to its end
            return
        every_nth = self._config.every_nth
        try:
            with Video(
                self._root / source.path, every_nth=every_nth, known=known, most=self._config.most_frames
            ) as video:
                self.expected += min(self._config.most_frames, -(-video.frames // every_nth)) - 1
                for frame in video:
                    yield Picture(source.path, None, frame.number, frame.time_s, frame.content)
        except CodedError as error:
            yield Picture(source.path, error=error)
        except OSError:
            yield Picture(source.path, error=_missing(source.path))


def read_content(root: Path, picture: Picture) -> bytes:
    """The encoded bytes of a picture.

    Raises:
        FormatError: The file is gone.
        UnsafeFileError: It is larger than an image can be.
        CodedError: Why there is no picture.
    """
    if picture.error is not None:
        raise picture.error
    if picture.content is not None:
        return picture.content
    path = root / picture.path
    try:
        if (size := path.stat().st_size) > _MOST_BYTES:
            raise too_large(path.name, f"{size:,} bytes", _MOST_BYTES)
        return path.read_bytes()
    except OSError as error:
        raise _missing(path.name) from error


def _missing(where: str) -> FormatError:
    return FormatError("The file is missing or cannot be read.", code="image.missing",
                       hint="Bring the file back, or import the folder again.", where=where)  # fmt: skip
