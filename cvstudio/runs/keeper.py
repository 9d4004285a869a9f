"""A thread in every worker that looks for lost runs.

A periodic task would do the same, but waits behind long tasks in its queue and needs the broker; this needs only
the database. Any number of workers may look at the same time.
"""

from __future__ import annotations

import logging
import random
import threading

from django.db import DatabaseError, connection

from cvstudio.runs.limits import limits
from cvstudio.runs.services.recover_runs import announce_again, recover_lost_runs

logger = logging.getLogger(__name__)


class Keeper:
    """Looks at once, which finds the runs of a worker that was killed on this host, and then every few seconds."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keep-runs", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the look that is under way."""
        self._done.set()

    def _keep(self) -> None:
        pause = 0.0
        while not self._done.wait(pause):
            try:
                recover_lost_runs()
                announce_again()
            except DatabaseError as error:
                logger.warning("lost runs could not be looked for: %s", error)
            finally:
                connection.close()
            pause = limits().recover_every_s * random.uniform(0.8, 1.2)  # workers should not look in step
