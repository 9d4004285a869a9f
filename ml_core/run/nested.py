"""Runs a recipe inside the run of another: in a folder of its own, resumable by itself, heard through the outer one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ml_core.run.context import RunContext
from ml_core.run.directory import RunDirectory
from ml_core.run.events import EventSink, EventWriter
from ml_core.run.files import write_json_atomic
from ml_core.run.registry import get_recipe


class _Forwarding:
    """Keeps the events of the inner run in its folder, and shows its progress and its warnings in the outer run."""

    def __init__(self, own: EventSink, outer: RunContext, label: str) -> None:
        self._own = own
        self._outer = outer
        self._label = label

    def write(self, kind: str, data: dict[str, Any]) -> None:
        """Write to the inner log; pass on what a reader of the outer one wants to see."""
        self._own.write(kind, data)
        if kind == "progress":
            stage = f"{self._label}: {data['stage']}" if data["stage"] else self._label
            self._outer.events.write(kind, {**data, "stage": stage})
        elif kind == "log" and data["level"] in ("warning", "error"):
            self._outer.log(f"{self._label}: {data['message']}", data["level"])

    def sync(self) -> None:
        """Flush the inner log."""
        self._own.sync()

    def close(self) -> None:
        """Close the inner log; the outer one stays open."""
        self._own.close()


def run_nested(outer: RunContext, path: Path, recipe: str, values: dict[str, Any], label: str) -> dict[str, Any]:
    """Run ``recipe`` in ``path``; what was completed there before is not done again.

    Args:
        outer: The run that asks; its requests to pause and to stop reach the inner one.
        path: Folder of the inner run.
        recipe: Its name.
        values: Its settings.
        label: What the outer run's progress calls it.

    Returns:
        The content of the inner ``result.json``.

    Raises:
        CodedError: See the recipe.
    """
    known = get_recipe(recipe)
    config = known.config.model_validate(values)
    directory = RunDirectory(path)
    resuming = directory.is_sealed
    directory.make()
    seed = int(getattr(config, "seed", 0))
    if resuming:
        directory.check_same(recipe, config)
        result = directory.read_result()
        if result is not None:
            return result
    else:
        directory.seal(recipe, config, seed)
    events = _Forwarding(EventWriter(directory.events_path), outer, label)
    try:
        inner = RunContext(directory, events, outer.control, seed=seed, resuming=resuming)
        started = time.monotonic()
        facts = known.function(config, inner)
        seconds = max(time.monotonic() - started, float(facts.get("wall_s", 0.0)))  # wall_s counts earlier attempts
        result = {"state": "completed", "metrics": {}, "weight": None, "seconds": seconds, **facts}
        events.sync()
        write_json_atomic(directory.result_path, result)
    finally:
        events.close()
    return result
