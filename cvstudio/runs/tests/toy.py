"""A recipe for tests: counts, reports, keeps its count in a checkpoint, and dies as its configuration says.

As a program it is ``python -m ml_core`` with this recipe added.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

from ml_core.errors import CodedError
from ml_core.run import registry
from ml_core.run.cli import main
from ml_core.run.config import RecipeConfig
from ml_core.run.context import RunContext
from ml_core.run.control import RunPaused, RunStopped
from ml_core.run.registry import recipe

NAME = "test.toy"


class ToyConfig(RecipeConfig):
    """Options of the toy."""

    seed: int = 0
    steps: int = 20
    step_s: float = 0.0
    checkpoint_every: int = 5
    die_at: int = -1
    dies: int = 0
    fail_at: int = -1
    obeys: bool = True
    lines: int = 0


@recipe(NAME, ToyConfig, title="Toy", summary="Counts.", queue="io")
def count(config: ToyConfig, run: RunContext) -> dict[str, Any]:
    """Count to ``steps``."""
    saved = run.dir.checkpoints / "count.json"
    step = json.loads(saved.read_text())["step"] if run.resuming and saved.exists() else 0
    deaths = run.dir.path / "deaths"
    for line in range(config.lines):
        run.log(f"line {line}")
    while step < config.steps:
        step += 1
        run.metric({"loss": 1.0 / step}, step=step, epoch=0)
        run.progress(step, config.steps, "steps")
        asked = run.requested() if config.obeys else None
        if step % config.checkpoint_every == 0 or asked:
            _save(run, saved, step)
        if asked == "pause":
            raise RunPaused
        if asked == "stop":
            raise RunStopped
        died = int(deaths.read_text()) if deaths.exists() else 0
        if step == config.die_at and died < config.dies:
            deaths.write_text(str(died + 1))
            os.kill(os.getpid(), signal.SIGKILL)
        if step == config.fail_at:
            raise CodedError("The toy broke.", code="toy.broke", hint="Buy another.")
        time.sleep(config.step_s)
    report = run.artifact_path("report.txt")
    report.write_text(f"counted to {step}\n")
    run.artifact(report)
    return {"metrics": {"count": step}}


def _save(run: RunContext, saved: Any, step: int) -> None:
    folder = run.dir.checkpoints / f"step-{step:08d}"
    folder.mkdir(exist_ok=True)
    temporary = saved.with_suffix(".new")
    temporary.write_text(json.dumps({"step": step}))
    temporary.replace(saved)
    run.checkpoint(
        folder, step=step, epoch=0, size_bytes=10, sha256="0" * 64, tags=["last", "best"], metrics={"loss": 1.0 / step}
    )


if __name__ == "__main__":
    registry._discovered = True  # no other recipe is needed
    sys.exit(main())
