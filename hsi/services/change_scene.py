"""Rename a scene, and correct what is known about its bands."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from hsi.errors import BusyError
from hsi.models import Scene, Sensor
from hsi.services.create_scene import titled
from hsi.services.sensors import checked_bad_bands, checked_wavelengths
from hsi.storage import scene_folder
from ml_core.hsi.scene_folder import SCENE_FILE, read_facts
from ml_core.run.files import write_json_atomic

#: Facts that the scene folder holds too, because every recipe reads them there.
_SHARED = ("name", "sensor", "wavelengths", "bad_bands", "domain_id")


def change_scene(scene: Scene, **facts: Any) -> Scene:
    """Change what is given: name, description, sensor, wavelengths, bad_bands, domain_id.

    A new sensor brings its wavelengths and bad bands where their number fits and the scene has none.

    Raises:
        SceneError: A value makes no sense.
        BusyError: The import, which writes the same facts, is at work.
        FormatError: The scene folder is damaged.
    """
    if scene.state == Scene.State.IMPORTING and any(name in _SHARED for name in facts):
        raise BusyError("This scene is being imported.", hint="Change it when the import has ended.",
                        where=next(name for name in _SHARED if name in facts))  # fmt: skip
    if "name" in facts:
        facts["name"] = titled(facts["name"])
    if "wavelengths" in facts:
        facts["wavelengths"] = checked_wavelengths(facts["wavelengths"], scene.bands)
    if "bad_bands" in facts:
        facts["bad_bands"] = checked_bad_bands(facts["bad_bands"], scene.bands)
    if facts.get("sensor") is not None and facts["sensor"] != scene.sensor:
        facts = _from_sensor(scene, facts["sensor"]) | facts
    for name, value in facts.items():
        setattr(scene, name, value)
    with transaction.atomic():
        scene.save(update_fields=[*facts, "updated_at"])
        if scene.state == Scene.State.READY and any(name in _SHARED for name in facts):
            write_shared_facts(scene)
    return scene


def write_shared_facts(scene: Scene) -> None:
    """Let the scene folder say what the database says."""
    folder = scene_folder(scene)
    known = read_facts(folder)
    known["name"], known["domain_id"] = scene.name, scene.domain_id
    known["sensor"] = scene.sensor.name if scene.sensor else ""
    known["wavelengths"], known["bad_bands"] = scene.wavelengths or None, scene.bad_bands
    known["has_mask"], known["anomaly_pixels"] = scene.has_mask, scene.anomaly_pixels if scene.has_mask else None
    write_json_atomic(folder / SCENE_FILE, known)


def _from_sensor(scene: Scene, sensor: Sensor) -> dict[str, Any]:
    brought: dict[str, Any] = {"domain_id": sensor.domain_id}
    if sensor.wavelengths and not scene.wavelengths and len(sensor.wavelengths) == scene.bands:
        brought["wavelengths"] = sensor.wavelengths
    if sensor.bad_bands and not scene.bad_bands and sensor.bands in (None, scene.bands):
        brought["bad_bands"] = checked_bad_bands(sensor.bad_bands, scene.bands)
    return brought
