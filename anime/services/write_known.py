"""Write down for a recipe what belongs to a collection: where version and images lie, and the captions."""

from __future__ import annotations

from pathlib import Path

from anime.models import Character, Collection
from anime.storage import known_folder
from cvstudio.datasets.models import DatasetVersion
from ml_core.anime.collection.listing import PLACES_FILE
from ml_core.anime.fusion.captions import CAPTIONS
from ml_core.run.files import write_json_atomic


def write_known(collection: Collection, version: DatasetVersion) -> Path:
    """The folder that recipes take as ``known``; written anew each time, as captions may have changed."""
    folder = known_folder(collection, version)
    folder.mkdir(parents=True, exist_ok=True)
    write_json_atomic(folder / PLACES_FILE, {"version": version.folder, "images": version.root})
    rows = Character.objects.filter(collection=collection).exclude(position=None)
    captions = {row.name: {"full": row.captions, "partial": row.partial} for row in rows if row.captions or row.partial}
    if captions:
        write_json_atomic(folder / CAPTIONS, captions)
    else:
        (folder / CAPTIONS).unlink(missing_ok=True)
    return folder


def captions_path(folder: Path) -> str:
    """The captions in such a folder; empty where nobody has any."""
    path = folder / CAPTIONS
    return str(path) if path.is_file() else ""
