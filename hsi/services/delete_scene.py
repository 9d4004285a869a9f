"""Delete a scene with its maps, and free its bytes."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction

from cvstudio.accounts.models import User
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.control_run import control_run
from cvstudio.runs.states import ACTIVE
from hsi.errors import BusyError, InUseError
from hsi.models import AnomalyMap, Pipeline, Scene
from hsi.pipeline_state import state_of
from hsi.selectors import listed_pipelines
from hsi.services.delete_map import remove_folder
from hsi.storage import is_upload, picture_folder, scene_home

_AT_WORK = ("running", "paused")


def delete_scene(scene: Scene, user: User) -> int:
    """Delete a scene, its maps and pictures. A registered place itself stays as it is.

    Args:
        scene: What to delete.
        user: Who asks; things of other people are counted but not named.

    Returns:
        Bytes that came back.

    Raises:
        BusyError: An import or a detection is at work.
        InUseError: A chain that is not done learns from it.
    """
    _refuse_chains(scene, user)
    _end_own_runs(scene)
    origin = Path(scene.origin) if scene.origin else None
    folders = [scene_home(scene.id), picture_folder(scene.id)]
    if origin is not None and is_upload(origin):
        folders.append(origin)
    with transaction.atomic():
        scene.delete()
    return sum(remove_folder(folder) for folder in folders)


def dependents_of(scene: Scene, user: User) -> list[str]:
    """What goes with a scene, or stands in its way, in words (2 queries and those of chains)."""
    maps = list(AnomalyMap.objects.filter(scene=scene).values_list("name", "owner_id")[:50])
    named = [f"map “{name}”" if owner == user.pk or user.is_staff else "map of somebody else" for name, owner in maps]
    return named + [_named(pipeline, user) for pipeline in _chains_at_work(scene)]


def _refuse_chains(scene: Scene, user: User) -> None:
    chains = _chains_at_work(scene)
    if chains:
        listed = ", ".join(_named(pipeline, user) for pipeline in chains[:5])
        raise InUseError(f"{scene.name} cannot be deleted: {listed} learns from it.",
                         hint="Stop or delete the chain first.", where=str(chains[0].id))  # fmt: skip


def _chains_at_work(scene: Scene) -> list[Pipeline]:
    ids = {*scene.pipelines.values_list("id", flat=True)}
    ids |= set(Pipeline.objects.filter(targets=scene).values_list("id", flat=True))
    if not ids:
        return []
    rows = listed_pipelines(_Everybody()).filter(id__in=ids)
    return [pipeline for pipeline in rows if state_of(pipeline) in _AT_WORK]


class _Everybody:
    """Sees all: what is at work counts, whoever it belongs to."""

    is_authenticated = is_staff = True


def _named(pipeline: Pipeline, user: User) -> str:
    return f"chain “{pipeline.name}”" if pipeline.owner_id == user.pk or user.is_staff else "a chain of somebody else"


def _end_own_runs(scene: Scene) -> None:
    """Stop what still waits; what works must end before its folder may go."""
    ids = [*AnomalyMap.objects.filter(scene=scene, run__isnull=False).values_list("run_id", flat=True)]
    if scene.import_run_id is not None:
        ids.append(scene.import_run_id)
    for run in Run.objects.filter(id__in=ids, state__in=[RunState.QUEUED, RunState.PAUSED, *ACTIVE]):
        ended = control_run(run, "stop") if run.state in (RunState.QUEUED, RunState.PAUSED) else run
        if ended.state in ACTIVE:
            raise BusyError("An import or a detection of this scene is at work.", where=str(run.id),
                            hint="Stop it, or wait until it has ended, then delete.")  # fmt: skip
