"""Brings the lines of ``events.jsonl`` into the database, each once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from cvstudio.runs.curves.fold import Folder
from cvstudio.runs.errors import RunConflictError
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.append_events import SourcePosition, append_events
from cvstudio.runs.services.transition import transition
from cvstudio.runs.supervisor import digest
from ml_core.run.events import read_events

logger = logging.getLogger(__name__)

_BATCH_BYTES = 256 * 1024


# SQLite takes one writer at a time; those who find it busy sleep and try again, and the unlucky ones try for seconds.
# Relays of one worker take turns instead, which costs nothing where writers do not exclude each other.
_sqlite_turn = threading.Lock()


def _turn() -> AbstractContextManager[Any]:
    return _sqlite_turn if connection.vendor == "sqlite" else nullcontext()


class Relay:
    """Follows the event log of one run under one claim.

    The position in the file is stored with the events in one transaction, so that a successor goes on exactly
    where the last transaction ended.
    """

    def __init__(self, run: Run, folder: Path) -> None:
        self._run_id, self._fence, self._folder = run.id, run.fence, folder
        self._path = folder / "events.jsonl"
        self._seq, self._offset = run.source_seq, run.source_offset
        self._summary = dict(run.summary)
        self._curves = Folder(run)
        self._is_running = False

    def realign(self) -> None:
        """Find the position again when the file is shorter than what was read: a machine lost power.

        Call while no trainer writes. The lines that the disk lost are in the database; the trainer will write
        new ones under their numbers.
        """
        size = self._path.stat().st_size if self._path.exists() else 0
        if size >= self._offset:
            return
        logger.warning("run %s: events.jsonl is shorter than before, the machine may have lost power", self._run_id)
        seq = offset = 0
        while True:
            batch, following = read_events(self._path, offset)
            if not batch:
                break
            seq, offset = batch[-1]["seq"], following
        append_events(self._run_id, [], fence=self._fence, source=SourcePosition(self._seq, seq, offset))
        self._seq, self._offset = seq, offset

    def step(self) -> bool:
        """Store what is new, up to a bound.

        Returns:
            Whether there was anything.

        Raises:
            FenceLostError: Another worker has claimed the run.
        """
        if not self._has_grown():
            return False
        with _turn():  # what has come while waiting for the turn goes along
            batch, offset = read_events(self._path, self._offset, _BATCH_BYTES)
            if not batch:
                return False
            if digest.says_running(batch):
                self.mark_running()
            self._store(batch, SourcePosition(self._seq, batch[-1]["seq"], offset))
        self._seq, self._offset = batch[-1]["seq"], offset
        return True

    def mark_running(self) -> None:
        """Note that the trainer is up, unless something else was asked for meanwhile."""
        if self._is_running:
            return
        try:
            transition(self._run_id, RunState.RUNNING, only_from=[RunState.STARTING], fence=self._fence)
        except RunConflictError as error:
            logger.debug("run %s is not marked as running: %s", self._run_id, error)
        self._is_running = True

    def _has_grown(self) -> bool:
        try:
            return self._path.stat().st_size > self._offset
        except FileNotFoundError:
            return False

    def _store(self, batch: Sequence[digest.SourceEvent], source: SourcePosition) -> None:
        events = digest.to_store(batch)
        changes = digest.changes_of(batch, self._summary)
        with transaction.atomic():
            last = append_events(self._run_id, events, fence=self._fence, source=source, changes=changes)
            digest.store_files(self._run_id, self._folder, batch)
            numbered = enumerate(events, start=last - len(events) + 1)
            self._curves.add((seq, event.data) for seq, event in numbered if event.kind == "metric")
        self._curves.commit()
        self._summary = changes.get("summary", self._summary)
