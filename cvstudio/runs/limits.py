"""Times and bounds of the supervision of runs. Settings of the same name, prefixed with ``RUN_``, replace them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from django.conf import settings


@dataclass(frozen=True)
class Limits:
    """Seconds unless said otherwise.

    Attributes:
        lease_s: How long a claim holds without a heartbeat.
        heartbeat_s: How often a worker renews its lease.
        poll_s: How often the supervisor looks for new events.
        command_poll_s: How often it looks for a user's request.
        pause_grace_s: Time for a pause (finish the step, write a checkpoint) before the process is ended.
        stop_grace_s: The same for a stop.
        kill_grace_s: Time between SIGTERM and SIGKILL.
        recover_every_s: How often each worker looks for lost runs.
        enqueue_again_s: A queued run older than this whose message is gone is announced again.
        max_attempts: Starts without a new checkpoint in between before a run is given up.
        max_queued_per_user: Waiting runs that one user may have.
        max_file_bytes: Size that one file of a trainer may reach; 0 for no bound.
        max_hours: How long one claim may take before the run is ended with a checkpoint; 0 for no bound.
        memory_fraction: Part of the machine's memory that one trainer may use.
        nice: Niceness of trainers, so that pages stay quick on a busy machine.
    """

    lease_s: float = 15.0
    heartbeat_s: float = 2.0
    poll_s: float = 0.05
    command_poll_s: float = 0.25
    pause_grace_s: float = 120.0
    stop_grace_s: float = 30.0
    kill_grace_s: float = 10.0
    recover_every_s: float = 3.0
    enqueue_again_s: float = 10.0
    max_attempts: int = 3
    max_queued_per_user: int = 50
    max_file_bytes: int = 0
    max_hours: float = 0.0
    memory_fraction: float = 0.9
    nice: int = 5


def limits() -> Limits:
    """The bounds in force."""
    chosen: dict[str, Any] = {
        field.name: getattr(settings, f"RUN_{field.name.upper()}", field.default) for field in fields(Limits)
    }
    return Limits(**chosen)
