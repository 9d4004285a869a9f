"""Weights, checkpoints, runs and data sets as things that take room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import PROTECT
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.datasets.services.delete_dataset import delete_dataset
from cvstudio.datasets.storage import dataset_folder, thumbnail_folder
from cvstudio.monitor.disk.registry import Blocker, Holding, Kind, none_block, register_kind
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.delete_run import delete_run
from cvstudio.runs.services.drop_checkpoints import drop_checkpoints
from cvstudio.runs.states import ACTIVE
from cvstudio.weights.dependants import dependants_of
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services.delete_weight import delete_weight

_KEYS = {Run: "runs", WeightVersion: "weights"}


def _weights(user: Any) -> Iterator[Holding]:
    versions = WeightVersion.objects.visible_to(user).select_related("weight__owner")
    for version in versions.only("id", "number", "folder", "created_at", "weight__name", "weight__owner__username"):
        folder = Path(settings.WEIGHTS_DIR) / version.folder
        owner = version.weight.owner.username
        yield Holding(str(version.id), str(version), (folder,), f"/weights/{version.id}", owner, version.created_at)


def _weight_blockers(user: Any, id: str) -> list[Blocker]:
    version = WeightVersion.objects.visible_to(user).get(id=id)
    return [Blocker(f"{found.kind} {found.name}") for found in dependants_of(version)]


def _runs(user: Any) -> Iterator[Holding]:
    runs = Run.objects.visible_to(user).select_related("owner").only("id", "name", "created_at", "owner__username")
    for run in runs.order_by():
        folder = run_folder(run.id)
        yield Holding(str(run.id), run.name, (folder,), f"/runs/{run.id}", run.owner.username, run.created_at)


def _run_blockers(user: Any, id: str) -> list[Blocker]:
    run = Run.objects.visible_to(user).get(id=id)
    working = [Blocker(_("it is at work"))] if run.state in ACTIVE else []
    return working + [Blocker(f"{version.weight} v{version.number}", f"weights:{version.id}")
                      for version in run.weights.select_related("weight")]  # fmt: skip


def _checkpoints(user: Any) -> Iterator[Holding]:
    runs = Run.objects.visible_to(user).filter(state=RunState.COMPLETED, checkpoints__deleted_at=None)
    for run in runs.filter(checkpoints__isnull=False).select_related("owner").distinct().order_by():
        folder = run_folder(run.id) / "checkpoints"
        url = f"/runs/{run.id}/checkpoints"
        yield Holding(str(run.id), run.name, (folder,), url, run.owner.username, run.created_at)


def _datasets(user: Any) -> Iterator[Holding]:
    for dataset in Dataset.objects.visible_to(user).select_related("owner").order_by():
        paths = (dataset_folder(dataset.id), thumbnail_folder(dataset.id))
        url, owner = f"/datasets/{dataset.id}", dataset.owner.username
        yield Holding(str(dataset.id), dataset.name, paths, url, owner, dataset.created_at)


def _dataset_blockers(user: Any, id: str) -> list[Blocker]:
    """Rows that protect a version. Things of other people are counted but not named."""
    blockers = []
    for relation in DatasetVersion._meta.related_objects:
        if getattr(relation, "on_delete", None) is not PROTECT:
            continue
        model: Any = relation.related_model
        rows = model._default_manager.filter(**{f"{relation.field.name}__dataset_id": id})
        mine = set(rows.visible_to(user).values_list("pk", flat=True))
        for row in rows[:50]:
            kind = _KEYS.get(model, "")
            is_mine = row.pk in mine
            name = str(row) if is_mine else _("something of another person")
            blockers.append(Blocker(name, f"{kind}:{row.pk}" if kind and is_mine else ""))
    return blockers


def _delete_weight(user: Any, id: str) -> None:
    delete_weight(WeightVersion.objects.visible_to(user).get(id=id))


def _delete_run(user: Any, id: str) -> None:
    delete_run(Run.objects.visible_to(user).get(id=id))


def _drop_checkpoints(user: Any, id: str) -> None:
    drop_checkpoints(Run.objects.visible_to(user).get(id=id))


def _delete_dataset(user: Any, id: str) -> None:
    delete_dataset(Dataset.objects.visible_to(user).get(id=id), user)


def register() -> None:
    """Add them."""
    checkpoints, weights = gettext_lazy("Checkpoints of completed runs"), gettext_lazy("Weights")
    runs, datasets = gettext_lazy("Runs"), gettext_lazy("Data sets")
    register_kind(Kind("weights", weights, "weight", 10, _weights, _weight_blockers, _delete_weight))
    register_kind(Kind("checkpoints", checkpoints, "flag", 20, _checkpoints, none_block, _drop_checkpoints))
    register_kind(Kind("runs", runs, "run", 30, _runs, _run_blockers, _delete_run))
    register_kind(Kind("datasets", datasets, "dataset", 50, _datasets, _dataset_blockers, _delete_dataset))
