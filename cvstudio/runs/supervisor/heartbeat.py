"""Renews the lease of a claimed run while the supervisor is busy with it."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from types import TracebackType

from django.db import DatabaseError, connection
from django.utils import timezone

from cvstudio.runs.limits import limits
from cvstudio.runs.models import Run
from cvstudio.runs.states import ACTIVE

logger = logging.getLogger(__name__)


class Heartbeat:
    """A thread that renews the lease, and notices when the claim is over.

    Its own thread, because recording a result may take longer than a lease.

    Attributes:
        lost: Set when another worker holds the run, or when the database could not be reached for a whole
            lease, after which another worker may take the run at any moment.
    """

    def __init__(self, run: Run) -> None:
        self._run_id, self._fence, self._active_before = run.id, run.fence, run.active_s
        self._limits = limits()
        self._begun = self._renewed = time.monotonic()
        self._done = threading.Event()
        self.lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{run.id}", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    @property
    def active_s(self) -> float:
        """Seconds that the run has been worked on, over all claims."""
        return self._active_before + time.monotonic() - self._begun

    def _beat(self) -> None:
        try:
            while not self._done.wait(self._limits.heartbeat_s) and not self.lost.is_set():
                self._renew()
        finally:
            connection.close()

    def _renew(self) -> None:
        lease = timezone.now() + timedelta(seconds=self._limits.lease_s)
        held = Run.objects.filter(id=self._run_id, fence=self._fence, state__in=ACTIVE)
        try:
            if held.update(lease_expires_at=lease, active_s=self.active_s):
                self._renewed = time.monotonic()
            else:
                self.lost.set()
        except DatabaseError as error:
            logger.warning("run %s: the lease could not be renewed: %s", self._run_id, error)
            connection.close()
            if time.monotonic() - self._renewed > self._limits.lease_s:
                self.lost.set()
