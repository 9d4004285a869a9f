"""Which images a run predicts, and their decoding ahead of the network."""

from __future__ import annotations

import os
import shutil
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ml_core.data.archive import extract_zip
from ml_core.data.manifest import read_items, read_version
from ml_core.engine.device import available_cores
from ml_core.errors import CodedError, FormatError
from ml_core.run.context import RunContext
from ml_core.vision.config import ManyImagesConfig

Decoded = TypeVar("Decoded")

IMAGE_ENDINGS = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}


@dataclass(frozen=True)
class Source:
    """An image to predict; ``label`` is its true class where a data set tells it."""

    path: str
    label: str | None = None


@contextmanager
def open_images(config: ManyImagesConfig, run: RunContext) -> Iterator[Path]:
    """The folder of the images. An archive is unpacked into the run's folder and removed again."""
    if config.archive is None:
        yield Path(config.root)
        return
    folder = run.dir.path / "images"
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
    try:
        run.log("Unpacking the archive.")
        extract_zip(
            Path(config.archive),
            folder,
            progress=lambda done, total: run.progress(done, total, "bytes", "unpacking"),
            check_cancelled=run.raise_if_requested,
        )
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_sources(config: ManyImagesConfig, root: Path) -> list[Source]:
    """The images that the configuration names; all that lie in the folder when it names none.

    Raises:
        FormatError: There are none, or one lies outside the folder.
    """
    sources = _sources(config, root)
    if not sources:
        raise FormatError(
            "There are no images to predict.",
            code="data.empty",
            hint="Choose a folder with JPEG, PNG or WebP images.",
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
    return [Source(path) for path in sorted(_image_files(root))]


def _inside(root: Path, name: str) -> str:
    if not (root / name).resolve().is_relative_to(root.resolve()):
        raise FormatError(
            "A file lies outside the folder of the images.",
            code="data.outside",
            hint="Name files relative to the folder.",
            where=name,
        )
    return name


def _image_files(root: Path) -> Iterator[str]:
    for folder, _, names in os.walk(root):
        for name in names:
            # A link could lead out of the folder, and a pipe would be waited for.
            if Path(name).suffix.lower() in IMAGE_ENDINGS and _is_plain_file(Path(folder) / name):
                yield (Path(folder) / name).relative_to(root).as_posix()


def _is_plain_file(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def decode_ahead(
    sources: Iterable[Source], decode: Callable[[Source], Decoded], batch_size: int
) -> Iterator[list[tuple[Source, Decoded | CodedError]]]:
    """Whole batches in the order of the sources, while decoding runs ahead on all cores.

    What cannot be decoded stands in its place as the error.
    """

    def try_to(source: Source) -> Decoded | CodedError:
        try:
            return decode(source)
        except CodedError as error:
            return error

    with ThreadPoolExecutor(available_cores()) as pool:
        waiting: deque[tuple[Source, Future[Decoded | CodedError]]] = deque()

        def taken(count: int) -> list[tuple[Source, Decoded | CodedError]]:
            return [(source, future.result()) for source, future in (waiting.popleft() for _ in range(count))]

        try:
            for source in sources:
                waiting.append((source, pool.submit(try_to, source)))
                if len(waiting) >= 2 * batch_size:
                    yield taken(batch_size)
            while waiting:
                yield taken(min(batch_size, len(waiting)))
        finally:
            pool.shutdown(cancel_futures=True)
