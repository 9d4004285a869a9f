"""Puts the files of a version into the form that somebody wants to download."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings

from cvstudio.weights import library
from cvstudio.weights.card import card_of
from cvstudio.weights.card_markdown import card_markdown
from cvstudio.weights.errors import WeightError
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services.write_package import package_texts
from ml_core.weights.folder import FACTS_FILE, MODEL_FILE, read_facts

PARTS: Final = ("folder", "safetensors", "package", "card")
CARD_FILE: Final = "MODEL_CARD.md"
_ZIP: Final = "application/zip"


@dataclass(frozen=True)
class Download:
    """A file ready to be sent. ``discard`` removes it afterwards when it was made for this download."""

    path: Path
    name: str
    media_type: str
    discard: Callable[[], None] | None = None


def prepare_download(version: WeightVersion, part: str) -> Download:
    """The file for one of `PARTS`.

    Raises:
        WeightError: There is no such part, or no architecture to write a package from.
        FilesMissingError: The folder is gone.
    """
    folder = library.folder_of(version)
    name = file_stem(version)
    if part == "safetensors":
        tensors = folder / read_facts(folder).files[0]
        return Download(tensors, f"{name}.safetensors", "application/octet-stream")
    if part == "folder":
        return _zipped(name, [(file, folder / file) for file in (*read_facts(folder).files, FACTS_FILE)], {})
    if part == "card":
        return _written(f"{name}-card.md", card_markdown(card_of(version)))
    if part == "package":
        texts = {**package_texts(version), CARD_FILE: card_markdown(card_of(version))}
        return _zipped(f"{name}-package", [(MODEL_FILE, folder / MODEL_FILE)], texts)
    raise WeightError(
        f"There is no part {part[:40]!r}.",
        code="weights.unknown_part",
        hint=f"Ask for {', '.join(PARTS)}.",
        where="part",
    )


def file_stem(version: WeightVersion) -> str:
    """A file name made of the weight's name, safe on every system."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", version.weight.name).strip("-").lower()[:60]
    return f"{plain or 'weight'}-v{version.number}"


def _written(name: str, text: str) -> Download:
    settings.TEMP_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=settings.TEMP_DIR, suffix=".md", delete=False
    ) as stream:
        stream.write(text)
    path = Path(stream.name)
    return Download(path, name, "text/markdown", lambda: path.unlink(missing_ok=True))


def _zipped(name: str, files: Iterable[tuple[str, Path]], texts: dict[str, str]) -> Download:
    """A zip in the temporary folder. Weights do not shrink, so they are stored as they are."""
    settings.TEMP_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=settings.TEMP_DIR, prefix="download-", suffix=".zip", delete=False) as stream:
        path = Path(stream.name)
        try:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
                for file, source in files:
                    archive.write(source, f"{name}/{file}")
                for file, text in texts.items():
                    archive.writestr(f"{name}/{file}", text)
        except BaseException:
            path.unlink()
            raise
    return Download(path, f"{name}.zip", _ZIP, lambda: path.unlink(missing_ok=True))
