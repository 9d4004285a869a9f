"""Scenes and maps in the lists of the platform, of what a run is about and what takes room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cvstudio.common.shelves import DATASETS, PREDICTIONS, Entry, Shelf, owned_rows, register_shelf
from cvstudio.monitor.disk.registry import Holding, Kind, none_block, register_kind
from cvstudio.runs.viewers import register_viewer, rows_of
from hsi.models import AnomalyMap, Pipeline, Scene
from hsi.services.delete_scene import delete_scene
from hsi.storage import picture_folder, scene_home

SCENES, MAPS = gettext_lazy("Scenes"), gettext_lazy("Anomaly maps")


def _scene(row: Scene) -> Entry:
    shape = row.shape
    facts = _("%(rows)s × %(columns)s px, %(bands)s bands") % dict(
        zip(("rows", "columns", "bands"), shape, strict=True)
    ) if shape else ""  # fmt: skip
    state = str(row.get_state_display())
    return Entry(row.name, f"/hsi/scenes/{row.id}", facts, state, row.owner.username, row.created_at)


def _map(row: AnomalyMap) -> Entry:
    state = str(row.get_state_display())
    return Entry(row.name, f"/hsi/maps/{row.id}", row.scene.name, state, row.owner.username, row.created_at)


def _holdings(user: Any) -> Iterator[Holding]:
    for row in Scene.objects.visible_to(user).select_related("owner"):
        paths = (scene_home(row.id), picture_folder(row.id))
        yield Holding(str(row.id), row.name, paths, f"/hsi/scenes/{row.id}", row.owner.username, row.created_at)


def _delete(user: Any, id: str) -> None:
    delete_scene(Scene.objects.visible_to(user).get(id=id), user)


def register() -> None:
    """Take their places."""
    register_shelf(Shelf("hsi", DATASETS, SCENES, "cube", "/hsi/", owned_rows(Scene), _scene))
    register_shelf(Shelf("hsi", PREDICTIONS, MAPS, "cube", "/hsi/", owned_rows(AnomalyMap, "name", "scene"), _map))
    register_kind(Kind("hsi-scenes", SCENES, "cube", 45, _holdings, none_block, _delete))
    scene, chain = gettext_lazy("Scene"), gettext_lazy("Chain")
    register_viewer("hsi.import", rows_of(Scene, "import_run", scene, "cube", lambda row: f"/hsi/scenes/{row.id}"))
    register_viewer(
        "hsi.infer", rows_of(AnomalyMap, "run", gettext_lazy("Map"), "cube", lambda row: f"/hsi/maps/{row.id}")
    )
    for stage in ("tokenizer", "pretrain", "anomaly"):
        finder = rows_of(Pipeline, f"{stage}_run", chain, "branch", lambda row: f"/hsi/pipelines/{row.id}")
        register_viewer(f"hsi.{stage}", finder)
