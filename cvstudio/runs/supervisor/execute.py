"""The way from a message of the broker to a run that has ended."""

from __future__ import annotations

import logging
from uuid import UUID

from cvstudio.runs.errors import FenceLostError
from cvstudio.runs.supervisor.claim import claim_run
from cvstudio.runs.supervisor.heartbeat import Heartbeat
from cvstudio.runs.supervisor.supervision import Supervision

logger = logging.getLogger(__name__)


def execute_run(run_id: UUID) -> None:
    """Claim the run and see it through; does nothing when there is nothing to claim.

    Everything that a claim needs ends with it: trainer, heartbeat, and the right to write.
    """
    run = claim_run(run_id)
    if run is None:
        logger.info("run %s: nothing to claim", run_id)
        return
    try:
        with Heartbeat(run) as heartbeat:
            Supervision(run, heartbeat).see_through()
    except FenceLostError:
        logger.warning("run %s: the claim with fence %s is over, this worker lets go", run_id, run.fence)
