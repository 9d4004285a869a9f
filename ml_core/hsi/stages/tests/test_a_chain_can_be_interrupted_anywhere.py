from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from ml_core.hsi.stages.tests.chain import TINY, config_of, run, weights_of
from ml_core.run.context import RunContext
from ml_core.run.events import read_events

STAGES = list(TINY)


def _before(stage: str, chain: dict[str, Path]) -> Path | None:
    place = STAGES.index(stage)
    return chain[STAGES[place - 1]] if place else None


def _assert_same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_pauses_change_no_bit_of_a_stage(
    tmp_path: Path, scenes: Path, chain: dict[str, Path], monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    config = config_of(stage, scenes, _before(stage, chain))
    looks = 0
    limit = 3

    def pause_now_and_then(_self: RunContext) -> str | None:
        nonlocal looks, limit
        looks += 1
        if looks < limit:
            return None
        looks, limit = 0, 2 * limit
        return "pause"

    monkeypatch.setattr(RunContext, "requested", pause_now_and_then)
    out = tmp_path / "run"
    states = [run(f"hsi.{stage}", config, out)["state"]]
    while states[-1] == "paused":
        states.append(run(f"hsi.{stage}", config, out, resume=True)["state"])
    assert states[-1] == "completed"
    assert len(states) > 2
    _assert_same(weights_of(out, stage), weights_of(chain[stage], stage))


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_stage_ends_with_the_same_bits(
    tmp_path: Path, scenes: Path, chain: dict[str, Path], stage: str
) -> None:
    config = config_of(stage, scenes, _before(stage, chain), checkpoint_every_s=0.01)
    out = tmp_path / "run"
    sets = [f"--set={name}={value}" for name, value in config.items()]
    command = [sys.executable, "-m", "ml_core", f"hsi.{stage}", *sets, "--out", str(out)]
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 100
    while not list((out / "checkpoints").glob("step-*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list((out / "checkpoints").glob("step-*"))
    assert run(f"hsi.{stage}", config, out, resume=True)["state"] == "completed"
    _assert_same(weights_of(out, stage), weights_of(chain[stage], stage))


def test_a_chain_leaves_weights_exports_and_pictures(chain: dict[str, Path]) -> None:
    stems = {
        "tokenizer": "tokenizer/best",
        "pretrain": "encoder/universal_hsi_encoder",
        "anomaly": "anomaly/anomaly_detector",
    }
    for stage, folder in chain.items():
        exported = torch.load(folder / f"artifacts/checkpoints/{stems[stage]}.pth", weights_only=True)
        assert all(isinstance(value, torch.Tensor) for value in exported.values())
        for name, value in weights_of(folder, stage).items():
            assert torch.equal(exported[name], value), name
    pictures = sorted(path.name for path in (chain["tokenizer"] / "artifacts/reconstructions").iterdir())
    assert pictures == ["best.png", "epoch-001.png", "epoch-002.png"]
    events, _ = read_events(chain["tokenizer"] / "events.jsonl")
    shown = {name for event in events if event["kind"] == "metric" for name in event["data"]["values"]}
    assert {"spectral_perplexity", "spatial_perplexity", "spectral_code_use"} <= shown
