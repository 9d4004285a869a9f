"""Characters in the lists of the platform: data sets, predictions, and what a run is about.

The files of a collection are those of its data set, so the disk page has them already.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from anime.models import Collection, Enrolment, GeneratedImage, Recognition, Training
from cvstudio.common.shelves import DATASETS, PREDICTIONS, Entry, Shelf, owned_rows, register_shelf
from cvstudio.runs.models import Run
from cvstudio.runs.viewers import Viewer, register_viewer, rows_of

COLLECTIONS = gettext_lazy("Collections of characters")


def _collection(row: Collection) -> Entry:
    facts = ngettext("%(n)s character", "%(n)s characters", row.characters) % {"n": row.characters}
    is_ready = row.dataset.current_version_id is not None
    state = _("Ready") if is_ready else _("Importing")
    return Entry(row.name, f"/anime/collections/{row.id}", facts, state, row.owner.username, row.created_at)


def _recognition(row: Recognition) -> Entry:
    facts = _("Nobody known") if row.is_unknown else f"{row.name} {row.probability:.0%}"
    return Entry(row.file_name, f"/anime/recognitions/{row.id}", facts, "", row.owner.username, row.created_at)


def _drawn_rows(user: Any, text: str) -> QuerySet[Any]:
    return owned_rows(GeneratedImage, "character")(user, text).filter(position=0)


def _drawn(row: GeneratedImage) -> Entry:
    url = f"/anime/generators/{row.generator_id}"
    return Entry(row.character, url, _("drawn from seed %(seed)s") % {"seed": row.seed}, "", row.owner.username,
                 row.created_at)  # fmt: skip


def _collection_of_data(run: Run, user: Any) -> list[Viewer]:
    """Imports of a data set that is a collection."""
    if run.dataset_version is None:
        return []
    rows = Collection.objects.visible_to(user).filter(dataset_id=run.dataset_version.dataset_id)
    return [Viewer(gettext_lazy("Collection"), "face", f"/anime/collections/{row.id}") for row in rows]


def register() -> None:
    """Take their places."""
    collections = owned_rows(Collection, "dataset__name", "dataset")
    register_shelf(Shelf("anime", DATASETS, COLLECTIONS, "face", "/anime/", collections, _collection))
    for key, title, url, rows, entry in (
        ("recognitions", gettext_lazy("Recognised characters"), "/anime/recognitions",
         owned_rows(Recognition, "file_name"), _recognition),
        ("drawn", gettext_lazy("Drawn characters"), "/anime/generate", _drawn_rows, _drawn),
    ):  # fmt: skip
        register_shelf(Shelf(key, PREDICTIONS, title, "face", url, rows, entry))
    collection = gettext_lazy("Collection")
    register_viewer("data.", _collection_of_data)
    register_viewer(
        "anime.",
        rows_of(Training, "run", collection, "face",
                lambda row: f"/anime/collections/{row.collection_id}" if row.collection_id else "/anime/recognisers"),
    )  # fmt: skip
    register_viewer(
        "anime.health",
        rows_of(Collection, "examine_run", collection, "face", lambda row: f"/anime/collections/{row.id}/health"),
    )
    register_viewer(
        "anime.enrol",
        rows_of(Enrolment, "run", gettext_lazy("Character"), "face", lambda row: f"/anime/enrolments/{row.id}"),
    )
