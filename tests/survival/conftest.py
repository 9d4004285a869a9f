"""A studio that is shared by the tests of this folder, with somebody who trains in it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.studio_process import ROOT, StudioProcess, wait_for

SCENE = ROOT / "tests" / "survival" / "scene.py"
FIT = {"batch_size": 8, "device": "cpu", "threads": 1, "workers": 0, "log_every_steps": 1, "log_min_interval_s": 0}


class Field:
    """Where the battles take place."""

    def __init__(self, studio: StudioProcess) -> None:
        self.studio = studio
        self.environment = {
            **studio.environment,
            "DJANGO_SETTINGS_MODULE": "cvstudio.config.settings",
            "PYTHONPATH": str(ROOT),
        }
        self.people = self.scene("people", str(studio.folder / "squares"))
        self.token: str = self.people["token"]

    def scene(self, *arguments: str) -> Any:
        """The answer of ``scene.py``."""
        done = subprocess.run(
            [sys.executable, str(SCENE), *arguments], env=self.environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The answer of the API."""
        request = urllib.request.Request(
            f"{self.studio.address}/api/v1/{path}",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def train(self, name: str, **fit: Any) -> str:
        """Start a training; its id."""
        plan = {key: self.people[key] for key in ("dataset", "architecture")}
        return str(self.post("training", {**plan, "name": name, "config": {"fit": {**FIT, **fit}}})["id"])

    def rows(self, query: str, *values: Any) -> list[Any]:
        """Read the database beside the studio, which sees what is committed and disturbs nobody."""
        with sqlite3.connect(f"file:{self.studio.folder / 'studio.db'}?mode=ro", uri=True, timeout=20) as database:
            return database.execute(query, values).fetchall()

    def run_row(self, run_id: str) -> dict[str, Any]:
        """Some fields of a run."""
        names = ("state", "fence", "last_seq", "summary", "process", "config", "cause", "attempts")
        (row,) = self.rows(f"select {', '.join(names)} from training_runs where id = ?", run_id.replace("-", ""))
        return {
            name: json.loads(value) if name in ("summary", "process", "config", "cause") else value
            for name, value in zip(names, row, strict=True)
        }

    def step(self, run_id: str) -> int:
        """The last step that is stored."""
        return int(self.run_row(run_id)["summary"].get("step", 0))

    def wait_for_step(self, run_id: str, step: int) -> None:
        """Wait until the run is there."""

        def arrived() -> bool:
            row = self.run_row(run_id)
            assert row["state"] not in ("failed", "lost", "stopped"), row
            return row["summary"].get("step", 0) >= step

        wait_for(arrived, f"step {step} was not reached", 120)

    def wait_for_state(self, run_id: str, *states: str, limit_s: float = 120) -> None:
        """Wait until the run is in one of the states."""
        try:
            wait_for(lambda: self.run_row(run_id)["state"] in states, f"the run did not become {states}", limit_s)
        except AssertionError:
            print(self.run_row(run_id), *self.studio.lines[-60:], sep="\n")
            raise

    def trainer(self, run_id: str) -> psutil.Process:
        """The process that trains now."""

        def find() -> psutil.Process | None:
            mark = self.run_row(run_id)["process"].get("trainer")
            try:
                return psutil.Process(mark["pid"]) if mark else None
            except psutil.NoSuchProcess:
                return None

        return wait_for(find, "no trainer is at work")

    def folder(self, run_id: str) -> Path:
        """The run directory."""
        return self.studio.folder / "data" / "runs" / run_id

    def events(self, run_id: str) -> list[dict[str, Any]]:
        """The stored event log."""
        query = "select seq, kind, data from run_events where run_id = ? order by seq"
        rows = self.rows(query, run_id.replace("-", ""))
        return [{"seq": seq, "kind": kind, "data": json.loads(data)} for seq, kind, data in rows]

    def kill(self, word: str) -> None:
        """SIGKILL a child of the launcher, and wait until it is back."""
        victim = wait_for(lambda: self.studio.child(word), f"there is no {word}")
        victim.kill()
        wait_for(lambda: (new := self.studio.child(word)) and new.pid != victim.pid, f"{word} did not come back")


@pytest.fixture(scope="package")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """One studio for all tests of the folder."""
    with StudioProcess(tmp_path_factory.mktemp("survival"), OMP_NUM_THREADS="1", RUN_LEASE_S="6") as studio:
        yield Field(studio)
