"""Confirm or correct what was found in the files of a scene, and import it."""

from __future__ import annotations

from typing import Any

from cvstudio.runs.models import RunState
from cvstudio.runs.states import ACTIVE
from hsi.errors import BusyError, SceneError
from hsi.models import Scene, Sensor
from hsi.services.create_scene import titled
from hsi.services.inspect_files import CHOICES, inspect_files
from hsi.services.sensors import checked_bad_bands, checked_wavelengths
from hsi.services.start_import import start_import, start_sample


def confirm_scene(
    scene: Scene,
    *,
    name: str | None = None,
    sensor: Sensor | None = None,
    wavelengths: list[float] | None = None,
    bad_bands: list[int] | None = None,
    domain_id: int | None = None,
    **choice: Any,
) -> Scene:
    """Start the import; also the way to try again after a failure.

    Args:
        scene: Not ready, and no import at work.
        name: Another name.
        sensor: Its wavelengths and bad bands count where the files tell none and the number of bands fits.
        wavelengths: In nanometres, instead of those of the files.
        bad_bands: Indices, instead of those of the files.
        domain_id: Instead of the sensor's.
        **choice: Values for `inspect_files.CHOICES`; what is left out stays as it was chosen before.

    Raises:
        SceneError: The scene is ready, or a value makes no sense.
        BusyError: Its import is at work.
        FormatError: What was chosen is not in the files, or it is not clear which array is meant.
    """
    _refuse_other_states(scene)
    if name is not None:
        scene.name = titled(name)
    if scene.source == Scene.Source.SAMPLE:
        start_sample(scene)
        return scene
    known = {key: value for key, value in {**scene.choice, **choice}.items() if key in CHOICES}
    found = inspect_files(scene, known)
    found.refuse_ambiguous()
    bands = found.size[2]
    scene.choice = known
    _take_sensor(scene, sensor, bands)
    if wavelengths is not None:
        scene.wavelengths = checked_wavelengths(wavelengths, bands)
    if bad_bands is not None:
        scene.bad_bands = checked_bad_bands(bad_bands, bands)
    if domain_id is not None:
        scene.domain_id = domain_id
    start_import(scene)
    return scene


def _take_sensor(scene: Scene, sensor: Sensor | None, bands: int) -> None:
    if sensor is None:
        return
    scene.sensor, scene.domain_id = sensor, sensor.domain_id
    if len(sensor.wavelengths) == bands:
        scene.wavelengths = sensor.wavelengths
    if sensor.bad_bands and sensor.bands in (None, bands):
        scene.bad_bands = checked_bad_bands(sensor.bad_bands, bands)


def _refuse_other_states(scene: Scene) -> None:
    if scene.state == Scene.State.READY:
        raise SceneError("This scene is imported already.", code="hsi.imported",
                         hint="Bring the files again to make another scene.")  # fmt: skip
    run = scene.import_run
    if run is not None and run.state in (RunState.QUEUED, RunState.PAUSED, *ACTIVE):
        raise BusyError("This import is still going on.", hint="Wait for it, or stop it first.", where=str(run.id))
