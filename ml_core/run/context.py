"""What a recipe sees of its run: where to write, how to report, whether to end."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ml_core.errors import CodedError
from ml_core.run.control import Command, Control, RunPaused, RunStopped
from ml_core.run.directory import RunDirectory
from ml_core.run.events import EventSink
from ml_core.run.files import sha256_file
from ml_core.run.progress import ProgressMeter

Level = Literal["debug", "info", "warning", "error"]
Phase = Literal["train", "val", "test"]
Scope = Literal["step", "epoch"]


class ArtifactError(CodedError):
    """An artifact lies outside the run's folder."""

    default_code = "run.artifact"


class RunContext:
    """Handed to every recipe.

    Attributes:
        dir: The run directory.
        seed: The seed from which every random draw of the run follows.
        resuming: Whether an earlier process began this run.
        rank: Position of this process in distributed training; only rank 0 writes.
    """

    def __init__(
        self,
        directory: RunDirectory,
        events: EventSink,
        control: Control,
        *,
        seed: int = 0,
        resuming: bool = False,
        rank: int = 0,
    ) -> None:
        self.dir = directory
        self.events = events
        self.control = control
        self.seed = seed
        self.resuming = resuming
        self.rank = rank
        self._meter = ProgressMeter()

    def log(self, message: str, level: Level = "info", *, step: int | None = None) -> None:
        """Write a line of log.

        Args:
            message: One line for people. Paths of this machine and secrets do not belong here.
            level: How grave it is.
            step: Optimizer step to which the line belongs. A resumed run that repeats the step does not repeat it.
        """
        data: dict[str, Any] = {"level": level, "message": message}
        if step is not None:
            data["step"] = step
        self.events.write("log", data)

    def metric(
        self,
        values: Mapping[str, float],
        step: int,
        epoch: int | None = None,
        phase: Phase = "train",
        scope: Scope = "step",
    ) -> None:
        """Write values measured at an optimizer step. Repeated steps of a resumed run are left out."""
        plain = {name: float(value) for name, value in values.items()}
        self.events.write("metric", {"step": step, "epoch": epoch, "phase": phase, "scope": scope, "values": plain})

    def progress(self, done: float, total: float | None, unit: str = "items", stage: str = "") -> None:
        """Report a position; may be called as often as wished, events are written at most twice a second."""
        data = self._meter.update(done, total, unit, stage)
        if data is not None:
            self.events.write("progress", data)

    def artifact_path(self, name: str) -> Path:
        """Where to write the artifact ``name`` (may contain ``/``); its folder is made.

        Raises:
            ArtifactError: The name leads out of the artifacts folder.
        """
        path = self.dir.artifacts / name
        if not path.resolve().is_relative_to(self.dir.artifacts.resolve()):
            raise ArtifactError(f'The artifact name "{name}" leads out of the run directory.', where=name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def artifact(self, path: Path, media_type: str = "") -> None:
        """Announce a finished file below ``artifacts/``, with its size and SHA-256. Reads the file once."""
        if self.rank != 0:
            return
        if not path.resolve().is_relative_to(self.dir.artifacts.resolve()):
            raise ArtifactError(f'The artifact "{path.name}" lies outside the run directory.', where=path.name)
        guessed = media_type or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self.events.write(
            "artifact",
            {
                "name": path.relative_to(self.dir.artifacts).as_posix(),
                "path": path.relative_to(self.dir.path).as_posix(),
                "size_bytes": path.stat().st_size,
                "sha256": sha256_file(path),
                "media_type": guessed,
            },
        )

    def checkpoint(
        self,
        path: Path,
        *,
        step: int,
        epoch: int,
        size_bytes: int,
        sha256: str,
        tags: list[str],
        metrics: Mapping[str, float],
    ) -> None:
        """Announce a checkpoint that lies whole on the disk. ``sha256`` is that of its ``state.json``."""
        self.events.write(
            "checkpoint",
            {
                "name": path.name,
                "path": path.relative_to(self.dir.path).as_posix(),
                "step": step,
                "epoch": epoch,
                "size_bytes": size_bytes,
                "sha256": sha256,
                "tags": tags,
                "metrics": dict(metrics),
            },
        )

    def data_fingerprint(self, fingerprint: str) -> None:
        """Seal which data the run uses; refuses other data on resume."""
        if self.rank == 0:
            self.dir.set_data_fingerprint(fingerprint)

    def requested(self) -> Command | None:
        """What the user asks for now. Cheap: may be called every step."""
        return self.control.requested()

    def raise_if_requested(self) -> None:
        """End the recipe when the user asks for it; for recipes without checkpoints, at any safe point.

        Raises:
            RunPaused: Resuming does the work again from its start, or from what the recipe left in its folder.
            RunStopped: The run ends for good.
        """
        command = self.requested()
        if command == "pause":
            raise RunPaused
        if command == "stop":
            raise RunStopped
