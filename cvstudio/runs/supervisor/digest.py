"""What follows from a batch of a trainer's events: fields of the run, checkpoints, artifacts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from cvstudio.runs.models import Artifact, Checkpoint
from cvstudio.runs.services.append_events import NewEvent

SourceEvent = dict[str, Any]
_MOVING_TAGS = ("last", "best")  # these point to one checkpoint at a time


def to_store(batch: Sequence[SourceEvent]) -> list[NewEvent]:
    """The events to store. States are left out: the run's own state machine tells those."""
    return [
        NewEvent(event["kind"], _without_nul(event["data"]), parse_datetime(event["time"]) or timezone.now())
        for event in batch
        if event["kind"] != "state"
    ]


def says_running(batch: Sequence[SourceEvent]) -> bool:
    """Whether the trainer tells in this batch that it is up."""
    return any(event["kind"] == "state" and event["data"].get("state") == "running" for event in batch)


def changes_of(batch: Sequence[SourceEvent], summary: dict[str, Any]) -> dict[str, Any]:
    """Fields of the run that the batch changes. ``summary`` is the one before; it is not altered.

    The summary holds ``step`` and ``epoch``, ``latest`` (the newest value of each curve, as ``phase/name``),
    ``epochs`` (the same, of whole epochs only) and ``best`` (metrics, step and epoch of the best checkpoint).
    """
    changes: dict[str, Any] = {}
    for event in batch:
        kind, data = event["kind"], event["data"]
        if kind == "progress":
            changes["progress"] = {**data, "time": event["time"]}
        elif kind == "metric":
            changes["summary"] = _with_metric(changes.get("summary", summary), data)
        elif kind == "checkpoint":
            changes["attempts"] = 0  # the run gets on
            if "best" in data["tags"]:
                best = {"metrics": data["metrics"], "step": data["step"], "epoch": data["epoch"]}
                changes["summary"] = {**changes.get("summary", summary), "best": best}
    return changes


def _with_metric(summary: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    values = {f"{data['phase']}/{name}": value for name, value in data["values"].items()}
    new = {**summary, "step": data["step"], "latest": {**summary.get("latest", {}), **values}}
    if data.get("epoch") is not None:
        new["epoch"] = data["epoch"]
    if data["scope"] == "epoch":
        new["epochs"] = {**summary.get("epochs", {}), **values}
    return new


def store_files(run_id: UUID, folder: Path, batch: Sequence[SourceEvent]) -> None:
    """Rows for the checkpoints and artifacts that the batch announces. Coming twice does no harm."""
    announced = [event["data"] for event in batch if event["kind"] == "checkpoint"]
    for data in announced:
        facts = {key: data[key] for key in ("step", "epoch", "size_bytes", "sha256", "tags", "metrics")}
        Checkpoint.objects.update_or_create(run_id=run_id, path=data["path"], defaults={**facts, "deleted_at": None})
    if announced:
        settle_checkpoints(run_id, folder, announced)
    for data in (event["data"] for event in batch if event["kind"] == "artifact"):
        facts = {key: data[key] for key in ("name", "size_bytes", "sha256", "media_type")}
        Artifact.objects.update_or_create(run_id=run_id, path=data["path"], defaults=facts)


def settle_checkpoints(run_id: UUID, folder: Path, announced: Sequence[dict[str, Any]] = ()) -> None:
    """Take tags that have moved on from older checkpoints, and note those that the keep policy removed."""
    holder = {tag: data["path"] for data in announced for tag in data["tags"] if tag in _MOVING_TAGS}
    for checkpoint in Checkpoint.objects.filter(run_id=run_id, deleted_at=None):
        tags = [tag for tag in checkpoint.tags if holder.get(tag, checkpoint.path) == checkpoint.path]
        is_gone = not (folder / checkpoint.path).exists()
        if tags != checkpoint.tags or is_gone:
            checkpoint.tags = tags
            checkpoint.deleted_at = timezone.now() if is_gone else None
            checkpoint.save(update_fields=["tags", "deleted_at"])


def _without_nul(data: dict[str, Any]) -> dict[str, Any]:
    """PostgreSQL stores no U+0000, and a line of log may hold one."""
    message = data.get("message")
    return {**data, "message": message.replace("\x00", "")} if isinstance(message, str) and "\x00" in message else data
