"""Goes through all files of a data set in threads and yields, in order, an image or a reject for each."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from ml_core.data.archive_names import MAX_PATH_CHARS
from ml_core.data.formats.base import Candidate, DatasetFormat, Split
from ml_core.data.image_header import ImageFacts, claims_to_be_image, inspect_image
from ml_core.data.manifest import Reject
from ml_core.data.tree import walk_files
from ml_core.errors import CodedError

_BATCH: Final = 64  # files handed to a thread at once: small tasks would spend their time in queues
_NO_IMAGE: Final = "It is not an image file."

Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Scanned:
    """A usable image: where it lies, what it shows, what it is. ``split`` is None where the data set brings none."""

    path: str
    label: int
    split: Split | None
    facts: ImageFacts


def scan(
    root: Path, layout: DatasetFormat, candidate: Candidate, *, workers: int = 0
) -> Iterator[list[Scanned | Reject]]:
    """Yield batches of outcomes, one for each file below ``root``, sorted by path.

    Memory holds a few batches at a time, however many files there are.

    Args:
        root: The images' folder.
        layout: The format that was recognised.
        candidate: Its reading of this folder.
        workers: Threads; 0 chooses by the machine.
    """
    return in_batches(
        walk_files(root),
        lambda paths: [_inspect(str(root), layout, candidate, path) for path in paths],
        workers=workers,
    )


def in_batches(
    files: Iterable[str], work: Callable[[list[str]], list[Outcome]], *, workers: int = 0
) -> Iterator[list[Outcome]]:
    """Do something to files in threads, batch by batch, and yield what came out in the order of the files."""
    threads = workers or min(8, 2 * (os.cpu_count() or 1))
    files = iter(files)
    waiting: deque[Future[list[Outcome]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="scan") as pool:
        try:
            while batch := list(islice(files, _BATCH)):
                waiting.append(pool.submit(work, batch))
                if len(waiting) > 3 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _inspect(root: str, layout: DatasetFormat, candidate: Candidate, path: str) -> Scanned | Reject:
    refused = refuse_name(path)
    if refused is not None:
        return refused
    place = layout.label(candidate, path)
    if not claims_to_be_image(path):
        return no_image(path)
    if isinstance(place, str):
        return Reject(path, place, "Move it into the folder of its class.")
    facts = inspect_or_refuse(root, path)
    return facts if isinstance(facts, Reject) else Scanned(path, place.label, place.split, facts)


def no_image(path: str) -> Reject:
    """The words for a file that never claimed to be an image."""
    return Reject(path, _NO_IMAGE, "Nothing, unless it should be one: then give it the right extension.", False)


def inspect_or_refuse(root: str, path: str) -> ImageFacts | Reject:
    """The facts of an image below ``root``, or why it cannot be used."""
    full_path = f"{root}/{path}"
    try:
        return inspect_image(full_path)
    except CodedError as error:
        if Path(full_path).is_symlink():
            return Reject(path, "It is a link to another place.", "Copy the file itself into the folder.")
        return Reject(path, error.message, error.hint)


def refuse_name(path: str) -> Reject | None:
    """Why a file cannot be used because of its name; nothing where it can."""
    try:
        path.encode()
    except UnicodeEncodeError:
        readable = path.encode("utf-8", "backslashreplace").decode()
        return Reject(readable, "Its name is not valid UTF-8.", "Rename it.")
    if path.endswith("/") or len(path) > MAX_PATH_CHARS:
        return Reject(path, "It lies too deep or its path is too long.", "Shorten the names of its folders.")
    return None
