"""What every training leaves for the next ones: its settings, epochs, result and report, appended to one file."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Any, Final

from ml_core.run.context import RunContext
from ml_core.run.events import read_events
from ml_core.run.files import write_json_atomic

HISTORY_FILE: Final = "training_history.json"


def epoch_rows(run: RunContext) -> list[dict[str, float]]:
    """Metrics of each epoch from the run's log, which an interruption leaves whole; those of training get a prefix."""
    run.events.sync()
    rows: dict[int, dict[str, float]] = {}
    offset = 0
    while True:
        events, following = read_events(run.dir.events_path, offset)
        if following == offset:
            break
        offset = following
        for event in events:
            data = event["data"]
            if event["kind"] != "metric" or data["scope"] != "epoch" or data["phase"] not in ("train", "val"):
                continue
            prefix = "train_" if data["phase"] == "train" else ""
            row = rows.setdefault(data["epoch"], {"epoch": data["epoch"]})
            row |= {f"{prefix}{name}": value for name, value in data["values"].items()}
    return [rows[epoch] for epoch in sorted(rows)]


def append_history(path: Path, entry: dict[str, Any]) -> bool:
    """Add a training to a history file; trainings that end at the same time wait for one another.

    A training that stands there already is replaced, as a resumed run may end twice.

    Returns:
        False when the file holds something else: it is then left as it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            entries = []
        except ValueError:
            return False
        if not isinstance(entries, list):
            return False
        kept = [
            old for old in entries if not (isinstance(old, dict) and old.get("training_id") == entry["training_id"])
        ]
        write_json_atomic(path, [*kept, entry])
    return True
