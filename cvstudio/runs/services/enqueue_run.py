"""Tells the broker that a run waits."""

from __future__ import annotations

import logging
from uuid import UUID

from django.utils import timezone
from kombu.exceptions import OperationalError

from cvstudio.runs.models import Run, RunState

logger = logging.getLogger(__name__)


def enqueue_run(run_id: UUID, queue: str) -> bool:
    """Send the message. A second message for the same run does no harm: only one claim succeeds.

    Returns:
        Whether the broker took it. When it did not, the search for lost messages sends it again later.
    """
    from cvstudio.runs.tasks import execute  # the task imports services

    Run.objects.filter(id=run_id, state=RunState.QUEUED).update(enqueued_at=timezone.now())
    try:
        execute.apply_async([str(run_id)], queue=queue, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("the broker did not take run %s, it is told again later: %s", run_id, error)
        return False
    return True
