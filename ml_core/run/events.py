"""The event log of a run: numbered JSON lines, the truth from which pages, curves and sockets are fed."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from ml_core.errors import CodedError
from ml_core.run.files import to_json

_READ_BYTES = 1 << 20
_MAX_PENDING_LINES = 10_000


class EventLogError(CodedError):
    """The event log cannot be written or is damaged before its last line."""

    default_code = "events.invalid"


class EventSink(Protocol):
    """What a run context needs of an event log."""

    def write(self, kind: str, data: dict[str, Any]) -> None: ...

    def sync(self) -> None: ...

    def close(self) -> None: ...


def utc_now() -> str:
    """The present moment as ``2026-01-31T12:00:00.123Z``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_events(path: Path, offset: int = 0, limit_bytes: int = _READ_BYTES) -> tuple[list[dict[str, Any]], int]:
    """Read whole lines from byte ``offset`` on; a line still being written is left for the next call.

    Returns:
        The events and the offset to continue from. At most about ``limit_bytes`` are read in one call
        (more only where a single line is longer).
    """
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            block = stream.read(limit_bytes)
            end = block.rfind(b"\n")
            while end < 0 and (more := stream.read(limit_bytes)):
                end = more.rfind(b"\n")
                end = end + len(block) if end >= 0 else -1
                block += more
    except FileNotFoundError:
        return [], offset
    if end < 0:
        return [], offset
    return [json.loads(line) for line in block[: end + 1].splitlines()], offset + end + 1


class EventWriter:
    """Appends events to a file, one ``os.write`` a line, numbered without gap across restarts.

    After a restart the trainer repeats the steps since its last checkpoint. What such a repetition would log
    a second time (the metrics of a step, the end of an epoch, an artifact with the same content) is recognised
    by its identity and left out, so that an interrupted run leaves the same log as an uninterrupted one.

    Args:
        path: The ``events.jsonl`` file; made when missing. A torn last line is cut off.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._pending: list[bytes] = []
        self._replayed_steps: dict[Hashable, int] = {}
        self._replayed: set[Hashable] = set()
        self.seq = 0
        self.last_state: str | None = None
        self._recover(path)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._size = os.fstat(self._descriptor).st_size

    def _recover(self, path: Path) -> None:
        if not path.exists():
            return
        offset = 0
        while True:
            try:
                events, following = read_events(path, offset)
            except ValueError as error:
                raise EventLogError(
                    "The event log is damaged before its last line.",
                    hint="Restore events.jsonl from a backup, or start a new run.",
                    where=path.name,
                ) from error
            if following == offset:
                break
            offset = following
            for event in events:
                self._remember(event)
        if path.stat().st_size > offset:
            os.truncate(path, offset)

    def _remember(self, event: dict[str, Any]) -> None:
        self.seq = event["seq"]
        kind, data = event["kind"], event["data"]
        if kind == "state":
            self.last_state = data.get("state")
        identity = _identity(kind, data)
        if identity is None:
            return
        if kind == "metric":
            self._replayed_steps[identity] = max(data["step"], self._replayed_steps.get(identity, -1))
        else:
            self._replayed.add(identity)

    def _is_repetition(self, kind: str, data: dict[str, Any]) -> bool:
        identity = _identity(kind, data)
        if identity is None:
            return False
        if kind == "metric":
            return bool(data["step"] <= self._replayed_steps.get(identity, -1))
        return identity in self._replayed

    def write(self, kind: str, data: dict[str, Any]) -> None:
        """Append one event, unless it repeats one that was written before a restart."""
        with self._lock:
            if self._is_repetition(kind, data):
                return
            if kind == "state":
                self.last_state = data.get("state")
            self.seq += 1
            line = to_json({"seq": self.seq, "time": utc_now(), "kind": kind, "data": data}) + "\n"
            self._pending.append(line.encode())
            self._flush()

    def _flush(self) -> None:
        """Write what waits. On a full disk the lines stay in memory and are tried again with the next event."""
        while self._pending:
            try:
                written = os.write(self._descriptor, self._pending[0])
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT) or len(self._pending) > _MAX_PENDING_LINES:
                    raise
                return
            if written < len(self._pending[0]):
                os.ftruncate(self._descriptor, self._size)
                return
            self._size += written
            del self._pending[0]

    def sync(self) -> None:
        """Flush to the disk. Called before a checkpoint appears, so that the log is never behind it."""
        with self._lock:
            self._flush()
            if not self._pending:
                os.fsync(self._descriptor)

    def close(self) -> None:
        """Write the rest and close.

        Raises:
            EventLogError: The disk is still full, so the last events could not be kept.
        """
        with self._lock:
            self._flush()
            os.close(self._descriptor)
            if self._pending:
                raise EventLogError(
                    f"The disk is full: the last {len(self._pending)} events could not be written.",
                    code="disk.full",
                    hint="Free some space and resume the run.",
                )


class SilentEvents:
    """The event sink of ranks above 0 in distributed training: rank 0 alone speaks for the run."""

    def write(self, kind: str, data: dict[str, Any]) -> None:
        """Nothing: see the class."""

    def sync(self) -> None:
        """Nothing: see the class."""

    def close(self) -> None:
        """Nothing: see the class."""


_IDENTITIES: dict[str, Callable[[dict[str, Any]], Hashable]] = {
    # Names are part of the identity: two series of one phase may be written one after the other at one step.
    "metric": lambda data: (data["scope"], data["phase"], tuple(sorted(data["values"]))),
    "log": lambda data: ("log", data["step"], data["message"]) if "step" in data else None,
    "artifact": lambda data: ("artifact", data["name"], data["sha256"]),
    "checkpoint": lambda data: ("checkpoint", data["step"], data["sha256"], tuple(data["tags"])),
}


def _identity(kind: str, data: dict[str, Any]) -> Hashable:
    """What makes an event the same as one before a restart; ``None`` where every event is its own."""
    finder = _IDENTITIES.get(kind)
    return finder(data) if finder else None
