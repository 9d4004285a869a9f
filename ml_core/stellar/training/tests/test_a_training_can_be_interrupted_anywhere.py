from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from ml_core.run.context import RunContext
from ml_core.stellar.training.tests.small import STARS, TINY, config_of, run, weights_of

MODELS = list(TINY)


def _assert_same(one: Path, other: Path, model: str) -> None:
    first, second = weights_of(one, model), weights_of(other, model)
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name
    histories = [json.loads((folder / "artifacts/training_history.json").read_text()) for folder in (one, other)]
    epochs: list[Any] = [history[0]["epochs"] for history in histories]
    assert epochs[0] == epochs[1]
    reports = [json.loads((folder / "artifacts/report.json").read_text()) for folder in (one, other)]
    assert reports[0]["scores"] == reports[1]["scores"]


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_pauses_change_no_bit_of_a_training(
    tmp_path: Path, survey: Path, trained: dict[str, Path], monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    # While the stars are read, in the first epochs, and wherever that leads to afterwards.
    looks_until_pause = iter([3, STARS + 2, 1, 2, 3, 2])
    left = next(looks_until_pause)

    def pause_now_and_then(_self: RunContext) -> str | None:
        nonlocal left
        left -= 1
        if left:
            return None
        left = next(looks_until_pause, -1)
        return "pause"

    monkeypatch.setattr(RunContext, "requested", pause_now_and_then)
    out, config = tmp_path / "run", config_of(model, survey)
    states = [run("stellar.train", config, out)["state"]]
    while states[-1] == "paused":
        states.append(run("stellar.train", config, out, resume=True)["state"])
    assert states[-1] == "completed"
    assert len(states) > 4
    _assert_same(out, trained[model], model)


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("model", MODELS)
def test_a_killed_training_ends_with_the_same_bits(
    tmp_path: Path, survey: Path, trained: dict[str, Path], model: str
) -> None:
    config = config_of(model, survey, checkpoint_every_s=0.01)
    out = tmp_path / "run"
    sets = [f"--set={name}={value}" for name, value in config.items()]
    command = [sys.executable, "-m", "ml_core", "stellar.train", *sets, "--out", str(out)]
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 100
    while not list((out / "checkpoints").glob("step-*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list((out / "checkpoints").glob("step-*"))
    assert run("stellar.train", config, out, resume=True)["state"] == "completed"
    _assert_same(out, trained[model], model)
