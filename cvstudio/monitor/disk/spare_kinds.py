"""Files that are made again or that nobody names: thumbnails, old temporary files, leftovers. For administrators."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from cvstudio.datasets.models import Dataset
from cvstudio.monitor.disk.registry import Holding, Kind, none_block, register_kind
from cvstudio.runs.models import Run

OLD_S = 24 * 3600


def _thumbnails(user: Any) -> Iterator[Holding]:
    if user.is_staff:
        for folder in _entries(Path(settings.THUMBNAILS_DIR)):
            yield Holding(folder.name, folder.name, (folder,))


def _temporary(user: Any) -> Iterator[Holding]:
    if user.is_staff:
        for path in _entries(Path(settings.TEMP_DIR)):
            if _is_old(path):
                yield Holding(path.name, path.name, (path,))


def _leftovers(user: Any) -> Iterator[Holding]:
    """Folders whose row is gone, and what an interrupted deletion left. Names that are no ids belong to domains."""
    if not user.is_staff:
        return
    for place, ids in _places().items():
        for path in _entries(place):
            if _is_old(path) and (_is_trash(path) or (_is_id(path.name) and path.name not in ids)):
                yield Holding(f"{place.name}/{path.name}", path.name, (path,))
    for path in _entries(Path(settings.WEIGHTS_DIR)):  # domains keep folders of their own there: only trash is sure
        if _is_old(path) and _is_trash(path):
            yield Holding(f"weights/{path.name}", path.name, (path,))


def _places() -> dict[Path, set[str]]:
    """Folders with the names that rows know in them."""
    runs = {str(pk) for pk in Run.objects.values_list("pk", flat=True)}
    datasets = {str(pk) for pk in Dataset.objects.values_list("pk", flat=True)}
    return {Path(settings.RUNS_DIR): runs, Path(settings.DATASETS_DIR): datasets}


def _remover(find: Any) -> Any:
    def remove(user: Any, id: str) -> None:
        for holding in find(user):
            if holding.id == id:
                for path in holding.paths:
                    _remove(path)

    return remove


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_trash(path: Path) -> bool:
    return path.name.startswith((".deleted-", ".staging-"))


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > OLD_S
    except OSError:
        return False


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def register() -> None:
    """Add them."""
    rows = (
        ("thumbnails", _("Thumbnails (made again when they are looked at)"), "image", _thumbnails),
        ("temporary", _("Temporary files older than a day"), "clock", _temporary),
        ("leftovers", _("Files that nothing names any more"), "archive", _leftovers),
    )
    for order, (key, title, icon, find) in enumerate(rows, start=90):
        register_kind(Kind(key, title, icon, order, find, none_block, _remover(find), is_spare=True))
