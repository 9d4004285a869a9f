"""The run directory: what a run is, what it did, and what it made, in plain files."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
import uuid
from pathlib import Path
from typing import Any

from ml_core.errors import CodedError
from ml_core.run.config import RecipeConfig, differing_keys, keys_that_may_change
from ml_core.run.events import utc_now
from ml_core.run.files import write_json_atomic
from ml_core.run.versions import versions

RUN_FORMAT = 1
LOCK_WAIT_S = 10.0

# What a supervisor may put into the folder before the run starts; anything else means that it is in use.
_ALLOWED_BEFORE_START = {
    "control.json",
    "control.handled",
    "config.yaml",
    "config.json",
    "lock",
    "stdout.log",
    "stderr.log",
}


class RunDirectoryError(CodedError):
    """The run directory is in use, belongs to another run, or differs from what was asked."""

    default_code = "run.directory"


class RunDirectory:
    """Paths and sealed facts of one run.

    ``run.json`` (sealed at the first start), ``events.jsonl``, ``control.json``, ``checkpoints/``, ``artifacts/``,
    ``code/`` (written by the run for itself), ``result.json`` and ``lock``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record_path = path / "run.json"
        self.events_path = path / "events.jsonl"
        self.control_path = path / "control.json"
        self.checkpoints = path / "checkpoints"
        self.artifacts = path / "artifacts"
        self.code = path / "code"
        self.result_path = path / "result.json"
        self.crash_path = path / "crash.txt"
        self._lock_descriptor: int | None = None

    @property
    def is_sealed(self) -> bool:
        """Whether a run was started here before."""
        return self.record_path.exists()

    def read_record(self) -> dict[str, Any]:
        """The content of ``run.json``.

        Raises:
            RunDirectoryError: It is missing or damaged.
        """
        try:
            record = json.loads(self.record_path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError) as error:
            raise RunDirectoryError(
                "The folder holds no readable run.json.",
                code="run.no_record",
                hint="Give the folder of an earlier run, or leave out --resume.",
                where=self.path.name,
            ) from error
        if not isinstance(record, dict) or record.get("format") != RUN_FORMAT:
            raise RunDirectoryError(
                "run.json has a format that this version does not know.", code="run.format", where=self.path.name
            )
        return record

    def read_result(self) -> dict[str, Any] | None:
        """The content of ``result.json``; ``None`` while the run goes on."""
        try:
            result: dict[str, Any] = json.loads(self.result_path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return result

    def check_free(self) -> None:
        """Refuse a folder that already holds something.

        Raises:
            RunDirectoryError: With the cure.
        """
        if self.path.exists() and not self.path.is_dir():
            raise RunDirectoryError(
                f'"{self.path}" is a file.', code="run.not_a_folder", hint="Choose a folder for --out."
            )
        if not self.path.exists():
            return
        present = sorted(entry.name for entry in self.path.iterdir() if entry.name not in _ALLOWED_BEFORE_START)
        if present:
            raise RunDirectoryError(
                f'The folder "{self.path}" is not empty (it holds {present[0]}).',
                code="run.not_empty",
                hint="Add --resume to go on with the run in it, or choose an empty folder for --out.",
                where="--out",
            )

    def make(self) -> None:
        """Make the folder and its parts."""
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self.artifacts.mkdir(exist_ok=True)

    def seal(self, recipe: str, config: RecipeConfig, seed: int, identifier: str | None = None) -> dict[str, Any]:
        """Write ``run.json``; from now on the run is this recipe with this configuration."""
        record = {
            "format": RUN_FORMAT,
            "id": identifier or str(uuid.uuid4()),
            "recipe": recipe,
            "config": config.model_dump(mode="json"),
            "seed": seed,
            "data_fingerprint": None,
            "versions": versions(),
            "created": utc_now(),
        }
        write_json_atomic(self.record_path, record)
        return record

    def check_same(self, recipe: str, config: RecipeConfig, identifier: str | None = None) -> None:
        """Refuse to resume as something else.

        Raises:
            RunDirectoryError: Recipe, id, or a key that decides the result differs from the sealed record.
        """
        record = self.read_record()
        if record["recipe"] != recipe or (identifier and record["id"] != identifier):
            raise RunDirectoryError(
                f"The folder belongs to another run (recipe {record['recipe']}, id {record['id']}).",
                code="run.other_run",
                hint="Choose the folder of the run that is to go on.",
                where=self.path.name,
            )
        changed = differing_keys(record["config"], config.model_dump(mode="json"))
        allowed = keys_that_may_change(type(config))
        forbidden = [key for key in changed if key not in allowed]
        if forbidden:
            raise RunDirectoryError(
                f"The configuration of a started run is sealed, but these keys differ: {', '.join(forbidden)}.",
                code="run.sealed",
                hint="Resume with the same values, or start a new run with the new ones.",
                where=forbidden[0],
            )

    def set_data_fingerprint(self, fingerprint: str) -> None:
        """Seal which data the run learns from.

        Raises:
            RunDirectoryError: The run was started with other data.
        """
        record = self.read_record()
        known = record["data_fingerprint"]
        if known == fingerprint:
            return
        if known is not None:
            raise RunDirectoryError(
                "The data differ from those that the run was started with.",
                code="run.data_changed",
                hint="Restore the data set version, or start a new run.",
                where="data",
            )
        write_json_atomic(self.record_path, {**record, "data_fingerprint": fingerprint})

    def lock(self, wait_s: float = LOCK_WAIT_S) -> None:
        """Hold the folder for this process. The lock goes with the process, however it ends.

        Raises:
            RunDirectoryError: Another process still holds it after ``wait_s`` seconds.
        """
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        os.set_inheritable(descriptor, False)
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    os.close(descriptor)
                    raise
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise RunDirectoryError(
                    "Another process is working in this run directory.",
                    code="run.locked",
                    hint="Wait until it has ended, or end it.",
                    where=self.path.name,
                )
            time.sleep(0.05)
        self._lock_descriptor = descriptor

    def unlock(self) -> None:
        """Let the folder go."""
        if self._lock_descriptor is not None:
            os.close(self._lock_descriptor)
            self._lock_descriptor = None
