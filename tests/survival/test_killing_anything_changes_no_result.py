"""Processes are killed at random moments; the run goes on by itself and ends as if nothing had happened."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from ml_core.run.events import read_events
from tests.socket_client import follow
from tests.studio_process import ROOT, StudioProcess, wait_for
from tests.survival.conftest import Field

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(400)]

STEPS_AN_EPOCH = 6
EPOCHS = 300
LONG_EPOCHS = 600  # longer than a lease


class Watcher(threading.Thread):
    """Follows a run by socket all the while, as a page does."""

    def __init__(self, field: Field, run_id: str) -> None:
        super().__init__(daemon=True)
        self._field, self._run_id = field, run_id
        self.seen: list[int] = []

    def run(self) -> None:
        asyncio.run(self._follow())

    async def _follow(self) -> None:
        async for event in follow(self._field.studio.address, self._run_id, self._field.token):
            self.seen.append(event["seq"])
            if event["kind"] == "state" and event["data"]["state"] == "completed":
                return


def kill_inside_a_checkpoint(folder: Path, trainer: psutil.Process) -> bool:
    """SIGKILL while a checkpoint is half written; whether its hidden folder was left behind."""
    checkpoints = folder / "checkpoints"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if any(path.name.startswith(".writing-") for path in checkpoints.iterdir()):
            trainer.kill()
            trainer.wait()
            return any(path.name.startswith(".writing-") for path in checkpoints.iterdir())
    raise AssertionError("no checkpoint was written")


def metric_keys(metrics: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    return Counter((data["scope"], data["phase"], data["step"], tuple(sorted(data["values"]))) for data in metrics)


def losses(metrics: list[dict[str, Any]]) -> dict[int, float]:
    return {
        data["step"]: data["values"]["loss"]
        for data in metrics
        if data["scope"] == "step" and data["phase"] == "train" and "loss" in data["values"]
    }


def twin_of(field: Field, run_id: str, folder: Path) -> Path:
    """The same training from the command line, without a disturbance."""
    config = field.folder(run_id) / "config.json"
    command = [sys.executable, "-m", "ml_core", "vision.classify", "--config", str(config), "--out", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=field.environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


def test_trainer_worker_web_and_redis_are_killed_and_the_weights_equal_an_undisturbed_twin(
    field: Field, tmp_path: Path
) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)  # shown when the test fails
    chance = random.Random(seed)
    run_id = field.train("Under fire", epochs=EPOCHS, checkpoint_every_steps=20, checkpoint_every_epochs=10)
    watcher = Watcher(field, run_id)
    watcher.start()

    field.wait_for_step(run_id, chance.randint(1, 60))
    field.trainer(run_id).kill()

    inside = False
    for step in (200, 300, 400):  # the moment is short, and may be missed
        field.wait_for_step(run_id, step + chance.randint(0, 60))
        inside = inside or kill_inside_a_checkpoint(field.folder(run_id), field.trainer(run_id))

    field.wait_for_step(run_id, 500 + chance.randint(0, 60))
    for word in chance.sample(["daphne", "redis-server"], 2):
        field.kill(word)

    field.wait_for_step(run_id, 750 + chance.randint(0, 60))
    field.kill("--queues train")

    field.wait_for_state(run_id, "completed", "failed", limit_s=180)
    row = field.run_row(run_id)
    assert row["state"] == "completed", row
    assert inside, "the kill came after the checkpoint was whole; that moment was not tested"

    twin = twin_of(field, run_id, tmp_path / "twin")
    ours = field.folder(run_id) / "artifacts" / "weight" / "model.safetensors"
    assert ours.read_bytes() == (twin / "artifacts" / "weight" / "model.safetensors").read_bytes()

    events = field.events(run_id)
    assert [event["seq"] for event in events] == list(range(1, row["last_seq"] + 1))
    metrics = [event["data"] for event in events if event["kind"] == "metric"]
    expected = [event["data"] for event in read_all(twin) if event["kind"] == "metric"]
    assert metric_keys(metrics) == metric_keys(expected)
    assert losses(metrics) == losses(expected)
    assert len(losses(metrics)) == STEPS_AN_EPOCH * EPOCHS

    watcher.join(20)
    assert watcher.seen == list(range(1, row["last_seq"] + 1))
    told = [event["data"]["message"] for event in events if event["kind"] == "log"]
    assert any("resumes from step" in message for message in told)
    assert field.rows("select count(*) from weight_versions where run_id = ?", run_id.replace("-", "")) == [(1,)]


def read_all(folder: Path) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    offset = 0
    while True:
        batch, offset = read_events(folder / "events.jsonl", offset)
        if not batch:
            return events
        events += batch


def test_a_message_that_comes_many_times_to_two_workers_gives_one_run(field: Field) -> None:
    second = second_worker(field.studio)
    try:
        run_id = field.train("Once", epochs=3)
        field.scene("deliver", run_id, "6")
        field.wait_for_state(run_id, "completed", "failed")
        time.sleep(0.5)  # the messages that are left find nothing to claim
        row = field.run_row(run_id)
        assert (row["state"], row["fence"]) == ("completed", 1)
        states = [event["data"]["state"] for event in field.events(run_id) if event["kind"] == "state"]
        assert states == ["queued", "starting", "running", "completed"]
    finally:
        end(second)


def test_a_worker_that_is_asked_to_end_hands_its_run_on_without_losing_a_step(field: Field) -> None:
    run_id = field.train("Handed on", epochs=EPOCHS // 2, checkpoint_every_epochs=1000)
    field.wait_for_step(run_id, 20)
    worker = wait_for(lambda: field.studio.child("--queues train"), "there is no worker")
    worker.terminate()
    field.wait_for_state(run_id, "completed", "failed")
    events = field.events(run_id)
    states = [event["data"]["state"] for event in events if event["kind"] == "state"]
    assert states == ["queued", "starting", "running", "queued", "starting", "running", "completed"]
    metrics = [event["data"] for event in events if event["kind"] == "metric"]
    assert list(losses(metrics)) == list(range(1, STEPS_AN_EPOCH * EPOCHS // 2 + 1))


def test_a_frozen_worker_finds_its_run_taken_and_can_change_nothing(field: Field) -> None:
    second = second_worker(field.studio)
    run_id = field.train("Frozen", epochs=LONG_EPOCHS, checkpoint_every_steps=100, checkpoint_every_epochs=100)
    field.wait_for_step(run_id, 1)
    frozen = psutil.Process(field.run_row(run_id)["process"]["supervisor"]["pid"])
    trainer = field.trainer(run_id)
    frozen.suspend()  # its trainer works on
    try:
        wait_for(lambda: field.run_row(run_id)["fence"] == 3, "nobody took over", 60)  # claim, loss, claim
        field.wait_for_state(run_id, "running", "completed")
        assert not trainer.is_running() or trainer.status() == psutil.STATUS_ZOMBIE
        frozen.resume()
        field.wait_for_state(run_id, "completed", "failed")
        time.sleep(1)  # time for the old supervisor to do what it must not
        row = field.run_row(run_id)
        assert (row["state"], row["fence"]) == ("completed", 3), row
        events = field.events(run_id)
        assert [event["seq"] for event in events] == list(range(1, row["last_seq"] + 1))
        metrics = [event["data"] for event in events if event["kind"] == "metric"]
        assert list(losses(metrics)) == list(range(1, STEPS_AN_EPOCH * LONG_EPOCHS + 1))
        assert max(metric_keys(metrics).values()) == 1
    finally:
        frozen.resume()
        end(second)


def second_worker(studio: StudioProcess) -> psutil.Popen:
    """One more worker for training, as another machine would run it."""
    command = [sys.executable, str(ROOT / "manage.py"), "worker", "train"]
    return psutil.Popen(command, env=studio.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def end(worker: psutil.Popen) -> None:
    for child in worker.children(recursive=True):
        child.kill()
    worker.kill()
    worker.wait(10)
