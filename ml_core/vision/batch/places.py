"""Where the run of a batch keeps what is looked at afterwards. Free of torch: the pages read it too."""

from __future__ import annotations

import hashlib
from pathlib import Path

#: Below the run's folder, where an archive is unpacked. It stays as long as the run: answers are shown on the images.
UNPACKED = "images"


def preview_path(run_folder: Path, video: str, frame: int) -> Path:
    """The small picture of a frame."""
    name = hashlib.sha256(video.encode(errors="surrogatepass")).hexdigest()[:16]
    return run_folder / "previews" / name / f"{frame}.jpg"
