"""The pictures and videos that a batch was about, as a page shows them."""

from __future__ import annotations

import io
import stat
import threading
from pathlib import Path
from typing import Any

from PIL import Image

from cvstudio.datasets.services.make_thumbnail import MAX_PIXELS, MAX_PIXELS_JPEG, SIZES
from cvstudio.inference.errors import InferenceError
from cvstudio.inference.models import InferenceJob
from cvstudio.inference.services.find_answers import videos_of
from cvstudio.inference.services.read_results import missing_results
from cvstudio.runs.folders import run_folder
from ml_core.data.decode import load_image, open_image
from ml_core.vision.batch.places import UNPACKED, preview_path

_AT_ONCE = threading.BoundedSemaphore(2)  # the web process stays small


def small_picture(job: InferenceJob, answer: dict[str, Any], size: int) -> bytes:
    """The picture of an answer as JPEG, its longer side at most ``size``.

    Args:
        job: The caller has checked that the person may see it.
        answer: A record of the batch.
        size: One of the sizes of thumbnails. Frames of videos come as they were kept.

    Raises:
        InferenceError: There is no such size.
        ResultsMissingError: The file is gone.
        FormatError: It cannot be decoded.
        UnsafeFileError: It has too many pixels.
    """
    if size not in SIZES:
        raise InferenceError("There is no picture of this size.", code="thumbnail.size", where="size",
                             hint=f"Sizes: {', '.join(map(str, SIZES))}.")  # fmt: skip
    assert job.run is not None
    if "frame" in answer:
        return _read(preview_path(run_folder(job.run.id), answer["path"], answer["frame"]))
    kept = run_folder(job.run.id) / "thumbnails" / f"{answer['number']}-{size}.jpg"
    if not kept.is_file():
        with _AT_ONCE:
            content = _render(file_of(job, answer["path"]), size)
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(content)
    return kept.read_bytes()


def video_file(job: InferenceJob, position: int) -> Path:
    """The file of a video of the batch.

    Raises:
        ResultsMissingError: There is none.
    """
    videos = videos_of(job)
    if not 0 <= position < len(videos):
        raise missing_results("The batch has no such video.")
    return file_of(job, videos[position]["path"])


def root_of(job: InferenceJob) -> Path:
    """The folder of the images of a batch."""
    assert job.run is not None
    config = job.run.config
    return run_folder(job.run.id) / UNPACKED if config.get("archive") else Path(config["root"])


def file_of(job: InferenceJob, path: str) -> Path:
    """The file that a record names, when it is where the batch found it.

    Raises:
        ResultsMissingError: It is gone, or something else lies in its place.
    """
    root = root_of(job)
    file = root / path
    try:
        is_there = file.resolve().is_relative_to(root.resolve()) and stat.S_ISREG(file.lstat().st_mode)
    except OSError:
        is_there = False
    if not is_there:
        raise missing_results("The file is not where the batch found it.")
    return file


def _render(path: Path, size: int) -> bytes:
    with open_image(path, path.name) as header:
        bound = MAX_PIXELS_JPEG if header.format == "JPEG" else MAX_PIXELS
    picture = load_image(path, "RGB", max_pixels=bound, draft=(size, size))
    picture.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise missing_results("The picture of this frame is gone.") from error
