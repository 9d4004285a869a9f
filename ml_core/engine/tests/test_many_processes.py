"""Two processes train one model: the same loop, started as torch's launcher starts them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import ml_core
from ml_core.engine.tests.toy import BASE, SAMPLES
from ml_core.run.control import send_command
from ml_core.run.events import read_events

_CHILD = """
import json, os, sys
from pathlib import Path
import torch
from ml_core.engine.tests import toy
from ml_core.run.cli import leave, main

out = Path(sys.argv[1])
seen = []
batch = toy.NoisyData.batch
def noting(self, indices, epoch):
    if self._noise_seed is not None:
        seen.extend((epoch, index) for index in indices)
    return batch(self, indices, epoch)
toy.NoisyData.batch = noting
finish = toy.fit
def fit(task, *rest):
    result = finish(task, *rest)
    weights = {name: tensor.tolist() for name, tensor in task.model.state_dict().items()}
    text = json.dumps({"seen": seen, "weights": weights, "metrics": result.metrics, "best": result.best_epoch})
    Path(f"{out}-{os.environ['RANK']}.json").write_text(text)
    return result
toy.fit = fit
leave(main(["toy.fit", "--out", str(out), *sys.argv[2:]]))
"""


def _launch(tmp_path: Path, out: Path, *more: str) -> list[int]:
    """Start two processes as ``torchrun --nproc-per-node 2`` does, and return their exit codes."""
    script = tmp_path / "child.py"
    script.write_text(_CHILD)
    changes = {**BASE, "epochs": 2, "accumulate": 1}
    settings = [f"--set=fit.{name}={value}" for name, value in changes.items()]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {
        **os.environ,
        "PYTHONPATH": str(Path(ml_core.__file__).parents[1]),
        "OMP_NUM_THREADS": "1",
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    ranks = [
        subprocess.Popen(
            [sys.executable, str(script), str(out), *settings, *more],
            env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
        )
        for rank in (0, 1)
    ]
    errors = [rank.communicate(timeout=300)[1].decode() for rank in ranks]
    codes = [rank.returncode for rank in ranks]
    assert set(codes) <= {0, 3}, "\n".join(errors)
    return codes


@pytest.mark.process
@pytest.mark.timeout(400)  # six starts of torch take long where many tests share two cores
def test_two_processes_see_disjoint_halves_and_end_with_one_model(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert _launch(tmp_path, out) == [0, 0]
    first, second = (json.loads(Path(f"{out}-{rank}.json").read_text()) for rank in (0, 1))
    for epoch in (0, 1):
        halves = [{index for e, index in ranked["seen"] if e == epoch} for ranked in (first, second)]
        assert not halves[0] & halves[1]
        assert halves[0] | halves[1] == set(range(SAMPLES))
    assert {k: v for k, v in first["weights"].items() if "running" not in k} == {
        k: v for k, v in second["weights"].items() if "running" not in k
    }
    assert (first["metrics"], first["best"]) == (second["metrics"], second["best"])
    events, _ = read_events(out / "events.jsonl")
    assert [event["data"]["state"] for event in events if event["kind"] == "state"] == ["running", "completed"]
    assert json.loads((out / "result.json").read_text())["metrics"] == first["metrics"]["val"]

    paused = tmp_path / "paused"
    paused.mkdir()
    send_command(paused, "pause", 1)
    assert _launch(tmp_path, paused) == [3, 3]
    assert _launch(tmp_path, paused, "--resume") == [0, 0]
    assert json.loads(Path(f"{paused}-0.json").read_text())["weights"] == first["weights"]
