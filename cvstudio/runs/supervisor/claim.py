"""Takes a queued run for this worker, so that no other takes it as well."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from cvstudio.runs.errors import RunConflictError
from cvstudio.runs.limits import limits
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.transition import transition
from cvstudio.runs.supervisor.host import mark_of, this_host


def claim_run(run_id: UUID) -> Run | None:
    """Move the run from queued to starting under a new fence and a lease.

    Returns:
        The claimed run, or ``None`` when it is gone, not queued, or another worker was quicker: a message that
        is delivered twice ends here. ``run.process`` still names the processes of the claim before.
    """
    run = Run.objects.filter(id=run_id, state=RunState.QUEUED).first()
    if run is None:
        return None
    now = timezone.now()
    try:
        claimed = transition(
            run_id,
            RunState.STARTING,
            only_from=[RunState.QUEUED],
            raise_fence=True,
            worker=f"{socket.gethostname()}:{os.getpid()}",
            lease_expires_at=now + timedelta(seconds=limits().lease_s),
            started_at=run.started_at or now,
            ended_at=None,
            process={"host": this_host(), "supervisor": mark_of(os.getpid())},
        )
    except (RunConflictError, Run.DoesNotExist):
        return None
    claimed.process = run.process
    return claimed
