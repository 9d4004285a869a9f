"""Put the import of a scene into the queue."""

from __future__ import annotations

import shutil
from typing import Any

from django.db import transaction

from cvstudio.runs.services.create_run import create_run
from hsi.errors import BusyError
from hsi.models import Scene
from hsi.storage import scene_folder

RECIPE = "hsi.import"
MOST_COMPARED = 500


def start_import(scene: Scene) -> None:
    """Create the run that imports a scene as its choice says, or once more after a failure.

    Raises:
        ConfigError: A choice is out of bounds.
        BusyError: Somebody else has begun it meanwhile.
        QuotaError: Too many runs of this person wait already.
    """
    choice = {name: value for name, value in scene.choice.items() if value not in ("", None)}
    _start(scene, {"source": scene.origin, **choice})


def start_sample(scene: Scene) -> None:
    """Create the run that simulates a scene and imports it."""
    _start(scene, {"sample": "simulated"})


def _start(scene: Scene, config: dict[str, Any]) -> None:
    facts: dict[str, Any] = {"name": scene.name, "domain_id": scene.domain_id}
    if scene.sensor is not None:
        facts["sensor"] = scene.sensor.name
    if scene.wavelengths:
        facts["wavelengths"] = scene.wavelengths
    if scene.bad_bands:
        facts["bad_bands"] = scene.bad_bands
    facts["compare"] = [str(scene_folder(other)) for other in _others(scene)]
    folder, before = scene_folder(scene), scene.import_run_id
    with transaction.atomic():
        values = {**config, **facts, "target": str(folder)}
        run = create_run(owner=scene.owner, recipe=RECIPE, config=values, name=f"Import {scene.name}"[:200])
        if not Scene.objects.filter(id=scene.id, import_run=before).update(import_run=run):
            raise BusyError("This import has just begun.", hint="Wait for it, or stop it first.", where=str(scene.id))
        shutil.rmtree(folder, ignore_errors=True)  # of an import whose end could not be recorded
        folder.parent.mkdir(parents=True, exist_ok=True)
        scene.import_run, scene.state, scene.fault = run, Scene.State.IMPORTING, {}
        scene.save()


def _others(scene: Scene) -> list[Scene]:
    """Scenes of the same person, so that the import finds one that is there already."""
    ready = Scene.objects.filter(owner=scene.owner, state=Scene.State.READY).exclude(id=scene.id)
    return list(ready.only("id").order_by("-created_at")[:MOST_COMPARED])
