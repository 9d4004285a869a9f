"""An interrupted training ends with the same bits, the same draws and the same log as one that ran through."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ml_core
from ml_core.engine import checkpoint
from ml_core.engine.checkpoint import list_checkpoints
from ml_core.engine.tests.toy import BASE, facts_of, open_run, train
from ml_core.errors import CheckpointError
from ml_core.run.control import RunPaused, RunStopped, send_command
from ml_core.run.events import EventWriter, read_events


class Killed(BaseException):
    """Stands for a kill: nothing after it runs in the trainer."""


def _weights(task: Any) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in task.model.state_dict().items()}


def _draws() -> tuple[float, ...]:
    return (random.random(), float(np.random.rand()), *torch.rand(3).tolist())


def _assert_equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "sgd", "ema_decay": None, "schedule": "cosine", "accumulate": 1},
        {"optimizer": "adam", "schedule": "step", "step_epochs": 1, "max_steps": 11, "accumulate": 3},
        {"patience": 1, "min_delta": 0.5, "epochs": 8},
    ],
)
def test_kills_at_random_events_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: Any) -> None:
    twin, twin_result = train(open_run(tmp_path / "twin"), **changes)
    twin_draws = _draws()
    chance = random.Random(4)
    write = EventWriter.write
    left = 0

    def write_or_die(self: EventWriter, kind: str, data: dict[str, Any]) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        write(self, kind, data)

    monkeypatch.setattr(EventWriter, "write", write_or_die)
    folder, attempts = tmp_path / "run", 0
    while True:
        left = chance.randint(2, 14) if attempts < 12 else 0
        run = open_run(folder, resuming=attempts > 0)
        attempts += 1
        try:
            task, result = train(run, checkpoint_every_steps=2, **changes)
            break
        except Killed:
            continue
    assert attempts > 3
    assert _draws() == twin_draws
    _assert_equal(_weights(task), _weights(twin))
    assert facts_of(folder) == facts_of(tmp_path / "twin")
    assert (result.metrics, result.best_step, result.stop_reason) == (
        twin_result.metrics,
        twin_result.best_step,
        twin_result.stop_reason,
    )


def test_a_kill_before_the_first_checkpoint_starts_again_without_doubling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin, _ = train(open_run(tmp_path / "twin"))
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "_write_files", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            train(open_run(tmp_path / "run"))
    assert list_checkpoints(tmp_path / "run" / "checkpoints") == []
    task, _ = train(open_run(tmp_path / "run", resuming=True))
    _assert_equal(_weights(task), _weights(twin))
    assert facts_of(tmp_path / "run") == facts_of(tmp_path / "twin")


def test_pause_and_resume_every_few_steps_change_nothing(tmp_path: Path) -> None:
    twin, _ = train(open_run(tmp_path / "twin"))
    folder = tmp_path / "run"
    for attempt in range(50):
        run = open_run(folder, resuming=attempt > 0)
        polls = 0

        def requested(limit: int = attempt + 2) -> Any:
            nonlocal polls
            polls += 1
            return "pause" if polls == limit else None

        run.requested = requested  # type: ignore[method-assign]
        try:
            task, _ = train(run)
            break
        except RunPaused:
            run.events.close()
    assert attempt >= 4
    _assert_equal(_weights(task), _weights(twin))
    assert facts_of(folder) == facts_of(tmp_path / "twin")


def test_stop_leaves_a_checkpoint(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    send_command(tmp_path, "stop", 1)
    with pytest.raises(RunStopped):
        train(run)
    assert len(list_checkpoints(tmp_path / "checkpoints")) == 1


def test_a_checkpoint_by_request_is_tagged_and_never_deleted(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    send_command(tmp_path, "checkpoint", 1)
    train(run, checkpoint_every_steps=1, epochs=3)
    kept = [json.loads((path / "state.json").read_text()) for path in list_checkpoints(tmp_path / "checkpoints")]
    assert [state["step"] for state in kept if "manual" in state["tags"]] == [1]
    assert kept[-1]["step"] == 12
    assert 3 <= len(kept) <= 4, "one by hand, the last two, and the best"


def test_a_damaged_newest_checkpoint_is_named_and_passed_over(tmp_path: Path) -> None:
    twin, _ = train(open_run(tmp_path / "twin"))
    train(open_run(tmp_path / "run"), checkpoint_every_steps=2)
    newest = list_checkpoints(tmp_path / "run" / "checkpoints")[-1]
    with (newest / "model.safetensors").open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\xff")
    task, _ = train(open_run(tmp_path / "run", resuming=True))
    _assert_equal(_weights(task), _weights(twin))
    events, _ = read_events(tmp_path / "run" / "events.jsonl", 0, 1 << 30)
    warnings = [event["data"]["message"] for event in events if event["data"].get("level") == "warning"]
    assert any(newest.name in message and "model.safetensors" in message for message in warnings)


def test_only_damaged_checkpoints_are_an_error_not_a_new_start(tmp_path: Path) -> None:
    train(open_run(tmp_path))
    for path in list_checkpoints(tmp_path / "checkpoints"):
        (path / "state.safetensors").unlink()
    with pytest.raises(CheckpointError, match="damaged"):
        train(open_run(tmp_path, resuming=True))


def test_every_missing_item_is_a_typed_error(tmp_path: Path) -> None:
    train(open_run(tmp_path / "run"))
    newest = list_checkpoints(tmp_path / "run" / "checkpoints")[-1]
    state = json.loads((newest / "state.json").read_text())
    needed = sorted(set(state) - {"aliases", "format"})
    assert len(needed) > 12
    for item in needed:
        shutil.copytree(tmp_path / "run", tmp_path / item)
        partial = {key: value for key, value in state.items() if key != item}
        (tmp_path / item / "checkpoints" / newest.name / "state.json").write_text(json.dumps(partial))
        for other in list_checkpoints(tmp_path / item / "checkpoints")[:-1]:
            shutil.rmtree(other)
        with pytest.raises(CheckpointError):
            train(open_run(tmp_path / item, resuming=True))


@pytest.mark.parametrize("name", ["ema.0", "optimizer.main.2.exp_avg", "rng.0.numpy", "rng.0.python", "rng.0.torch"])
def test_every_missing_tensor_is_a_typed_error(tmp_path: Path, name: str) -> None:
    train(open_run(tmp_path))
    paths = list_checkpoints(tmp_path / "checkpoints")
    loaded = checkpoint.read_checkpoint(paths[-1])
    for path in paths:
        shutil.rmtree(path)
    assert name in loaded.tensors
    tensors = {key: value for key, value in loaded.tensors.items() if key != name}
    checkpoint.write_checkpoint(tmp_path / "checkpoints", loaded.model, tensors, loaded.state)
    with pytest.raises(CheckpointError, match="lacks") as caught:
        train(open_run(tmp_path, resuming=True))
    assert caught.value.code == "checkpoint.incomplete"


def test_another_seed_or_setting_is_refused(tmp_path: Path) -> None:
    train(open_run(tmp_path))
    with pytest.raises(CheckpointError, match="seed differs"):
        train(open_run(tmp_path, resuming=True, seed=6))
    with pytest.raises(CheckpointError, match="settings differs"):
        train(open_run(tmp_path, resuming=True), learning_rate=0.5)


@pytest.mark.process
@pytest.mark.timeout(300)  # five starts of torch take long where many tests share two cores
def test_sigkill_of_real_processes_one_inside_a_checkpoint_write_changes_nothing(tmp_path: Path) -> None:
    changes = {"epochs": 60, "checkpoint_every_steps": 3, "log_every_steps": 7}
    settings = [f"--set=fit.{name}={value}" for name, value in {**BASE, **changes}.items()]
    environment = {**os.environ, "PYTHONPATH": str(Path(ml_core.__file__).parents[1]), "OMP_NUM_THREADS": "1"}

    def start(out: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ml_core.engine.tests.toy", *settings, "--out", str(out), "--resume"]
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)

    twin = start(tmp_path / "twin")
    folder = tmp_path / "run"

    def kill_when(condition: Any) -> None:
        child = start(folder)
        while child.poll() is None and not condition():
            time.sleep(0.001)
        assert child.poll() is None, "the run ended before it could be killed"
        child.send_signal(signal.SIGKILL)
        child.communicate()

    def size() -> int:
        path = folder / "events.jsonl"
        return path.stat().st_size if path.exists() else 0

    kill_when(lambda: size() > 3000)
    kill_when(lambda: list((folder / "checkpoints").glob(".writing-*/model.safetensors")))
    before = size()
    kill_when(lambda: size() > before + 5000)
    last = start(folder)
    for child in (last, twin):
        _, error = child.communicate(timeout=200)
        assert child.returncode == 0, error.decode()
    assert (folder / "artifacts/final.txt").read_text() == (tmp_path / "twin/artifacts/final.txt").read_text()
    assert facts_of(folder) == facts_of(tmp_path / "twin")
    assert not list((folder / "checkpoints").glob(".*"))
