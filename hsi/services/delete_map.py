"""Delete maps and free their bytes."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from cvstudio.runs.models import RunState
from cvstudio.runs.services.control_run import control_run
from cvstudio.runs.states import ACTIVE
from hsi.errors import BusyError
from hsi.models import AnomalyMap
from hsi.storage import map_folder


def delete_map(anomaly_map: AnomalyMap) -> int:
    """Delete a map with its files; its run and the run's log stay.

    Returns:
        Bytes that came back: files that the run still holds free nothing.

    Raises:
        BusyError: Its run is at work.
    """
    run = anomaly_map.run
    if run is not None and run.state in (RunState.QUEUED, RunState.PAUSED):
        run = control_run(run, "stop")
    if run is not None and run.state in ACTIVE:
        raise BusyError("The detection is at work.", hint="Stop it, or wait until it has ended.", where=str(run.id))
    folder = map_folder(anomaly_map)
    anomaly_map.delete()
    return remove_folder(folder)


def remove_folder(folder: Path) -> int:
    """Remove a folder; the new name makes it vanish at once, however long the removal takes."""
    trash = folder.with_name(f".deleted-{folder.name}")
    with contextlib.suppress(FileNotFoundError):  # never made, or taken by a second deletion at the same time
        folder.rename(trash)
        files = [path for path in trash.rglob("*") if path.is_file()]
        frees = sum(path.stat().st_size for path in files if path.stat().st_nlink == 1)
        shutil.rmtree(trash, ignore_errors=True)
        return frees
    return 0
