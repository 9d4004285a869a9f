"""What a Celery worker does about runs when it starts and when it is about to end."""

from __future__ import annotations

from typing import Any

from celery.signals import worker_ready, worker_shutdown, worker_shutting_down

from cvstudio.runs.supervisor.shutdown import shutting_down


@worker_ready.connect
def keep_runs(sender: Any = None, **_: Any) -> None:
    """Start to look for lost runs."""
    from cvstudio.runs.keeper import Keeper

    keeper = Keeper()
    keeper.start()
    worker_shutdown.connect(lambda **_: keeper.stop(), weak=False)


@worker_shutting_down.connect
def hand_runs_on(**_: Any) -> None:
    """Let the supervisors in this process pause their trainers and send their runs back to the queue."""
    shutting_down.set()
