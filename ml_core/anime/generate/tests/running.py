"""Runs the recipe at a size of toys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ml_core.run.cli import main

SMALL: dict[str, Any] = {
    "size": 32, "channels": [24, 16, 16, 12], "num_epochs": 3, "epoch_steps": 4, "batch_size": 4, "samples": 8,
    "sample_every": 1, "device": "cpu", "threads": 1,
}  # fmt: skip


def generate(out: Path, *, resume: bool = False, **changes: Any) -> dict[str, Any]:
    """Run ``anime.generator`` into ``out``, and give what ``result.json`` says."""
    path = out.with_name(f"{out.name}.json")
    path.write_text(json.dumps({**SMALL, **changes}))
    main(["anime.generator", "--config", str(path), "--out", str(out), *(["--resume"] if resume else [])])
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result
