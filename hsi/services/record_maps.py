"""When a detection has ended: keep its maps, or say why there are none."""

from __future__ import annotations

import shutil
from pathlib import Path

from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from hsi.models import AnomalyMap
from hsi.storage import map_folder
from ml_core.errors import FormatError
from ml_core.run.files import sync_folder


def record_maps(run: Run) -> None:
    """Take the maps of a run to their scene, by hard link where possible. May be called again for the same run.

    Raises:
        FormatError: The run left no maps.
    """
    row = AnomalyMap.objects.filter(run=run).exclude(state=AnomalyMap.State.READY).first()
    if row is None:
        return  # deleted meanwhile, or done by an earlier call
    from ml_core.hsi.infer import MAPS_FILE, REGIONS_FILE, main_method, read_maps  # scipy: not when the web starts

    source = run_folder(run.id) / "artifacts"
    try:
        content = read_maps(source)
        methods = content["methods"]
        files = [facts["file"] for facts in methods.values()]
        row.main_method = main_method(methods)
    except (OSError, ValueError, KeyError, StopIteration) as error:
        raise FormatError("The maps of the run cannot be read.", code="hsi.maps_unreadable",
                          hint="Run the detection again.", where=MAPS_FILE) from error  # fmt: skip
    names = [MAPS_FILE, *files, *([REGIONS_FILE] if (source / REGIONS_FILE).is_file() else [])]
    _keep(source, names, map_folder(row))
    row.methods, row.seconds = methods, content.get("seconds")
    row.size_bytes = sum((source / name).stat().st_size for name in names)
    row.state, row.fault = AnomalyMap.State.READY, {}
    row.save()


def fail_maps(run: Run) -> None:
    """Say on the map why its run ended without one. Resuming the run may still bring it."""
    stopped = {
        "code": "detection.stopped", "message": "The detection was stopped.", "hint": "Start it again.", "where": "",
    }  # fmt: skip
    fault = run.cause if run.state != RunState.STOPPED and run.cause else stopped
    waiting = AnomalyMap.objects.filter(run=run).exclude(state=AnomalyMap.State.READY)
    waiting.update(state=AnomalyMap.State.FAILED, fault=fault)


def _keep(source: Path, names: list[str], target: Path) -> None:
    """The folder appears whole or not at all; one that is there already came from an earlier call."""
    if target.exists():
        return
    staged = target.with_name(f".staging-{target.name}")
    shutil.rmtree(staged, ignore_errors=True)
    for name in names:
        path = (source / name).resolve()
        if not path.is_relative_to(source.resolve()):
            raise FormatError("A map lies outside its run.", code="hsi.maps_unreadable", where=name,
                              hint="Run the detection again.")  # fmt: skip
        place = staged / name
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            place.hardlink_to(path)
        except OSError:  # another file system, or one without links
            shutil.copyfile(path, place)
    sync_folder(staged)
    staged.rename(target)
