"""When the import of a scene has ended: take what it found into the database, or say why there is nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from cvstudio.runs.models import Run, RunState
from hsi.models import Scene
from hsi.services.sensors import sensor_named
from hsi.storage import is_upload, scene_folder
from ml_core.errors import FormatError
from ml_core.hsi.scene_folder import STATISTICS_FILE, read_facts


def finish_import(run: Run) -> None:
    """Store the facts of the scene folder and make the scene ready. May be called again for the same run.

    Raises:
        FormatError: The scene folder is damaged.
    """
    scene = Scene.objects.filter(import_run=run).select_related("owner", "sensor").first()
    if scene is None or scene.state == Scene.State.READY:
        return  # deleted meanwhile, or done by an earlier call
    folder = scene_folder(scene)
    facts = read_facts(folder)
    _take_facts(scene, facts)
    scene.statistics = _summary(folder)
    scene.size_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if scene.sensor is None and facts.get("sensor"):
        scene.sensor = sensor_named(scene.owner, facts["sensor"])
    origin = Path(scene.origin)
    if facts.get("in_place") is None:
        scene.origin = "" if is_upload(origin) else scene.origin
    scene.state, scene.fault, scene.inspection = Scene.State.READY, {}, {}
    scene.save()
    if not scene.origin and is_upload(origin):
        shutil.rmtree(origin, ignore_errors=True)  # the files have done their service


def fail_import(run: Run) -> None:
    """Say on the scene why its import ended without one. Resuming the run may still bring it."""
    stopped = {
        "code": "import.stopped", "message": "The import was stopped.", "where": "",
        "hint": "Start it again, or delete the scene.",
    }  # fmt: skip
    fault = run.cause if run.state != RunState.STOPPED and run.cause else stopped
    waiting = Scene.objects.filter(import_run=run).exclude(state=Scene.State.READY)
    waiting.update(state=Scene.State.FAILED, fault=fault)


def _take_facts(scene: Scene, facts: dict[str, Any]) -> None:
    scene.height, scene.width, scene.bands = facts["shape"]
    scene.dtype, scene.fingerprint = facts["dtype"], facts.get("fingerprint", "")
    scene.wavelengths, scene.bad_bands = facts["wavelengths"] or [], facts["bad_bands"]
    scene.has_mask, scene.anomaly_pixels = facts["has_mask"], facts["anomaly_pixels"] or 0
    scene.georeference = facts["georeference"] or {}
    scene.findings = facts.get("findings", [])
    scene.domain_id = facts.get("domain_id", 0)


def _summary(folder: Path) -> dict[str, Any]:
    """The range of the whole scene; the numbers of each band stay in the file."""
    try:
        measured = json.loads((folder / STATISTICS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError("The statistics of the scene cannot be read.", code="hsi.scene_damaged",
                          hint="Import the scene again.", where=STATISTICS_FILE) from error  # fmt: skip
    known = {name: [value for value in measured[name] if value is not None] for name in ("min", "max", "mean")}
    if not all(known.values()):
        return {}
    means = known["mean"]
    return {"min": min(known["min"]), "max": max(known["max"]), "mean": sum(means) / len(means)}
