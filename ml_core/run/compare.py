"""Tells whether two runs are the same run: equal, or where they first differ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from ml_core.run.directory import RunDirectory
from ml_core.run.events import read_events
from ml_core.run.files import sha256_file

_BY_THE_CLOCK = re.compile(r"(^|[_./])(m?s|seconds|wall|time)$|_per_(s|second)$")
_STEP = re.compile(r"step-(\d+)")


@dataclass(frozen=True)
class Difference:
    """The first thing that differs.

    Attributes:
        kind: ``metric``, ``weights`` or ``missing``.
        where: Phase and name of a metric, or file and name of a tensor.
        step: Optimizer step, where it has one.
        before: Value in the first run.
        after: Value in the second.
    """

    kind: str
    where: str
    step: int | None
    before: str
    after: str


@dataclass(frozen=True)
class Comparison:
    """What two runs have in common. ``settings`` and ``versions`` name what was not the same from the start."""

    metrics: int
    files: int
    settings: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    first: Difference | None = None

    @property
    def is_equal(self) -> bool:
        """Whether everything that both runs hold is the same to the last bit; never where nothing could be compared."""
        return self.first is None and self.metrics + self.files > 0


def compare_runs(before: RunDirectory, after: RunDirectory) -> Comparison:
    """Compare the metrics of each step that both logged, then their checkpoints and weights, tensor by tensor.

    Which steps are logged depends on the clock, so only common ones count; values that measure time are left out.

    Raises:
        RunDirectoryError: One of the folders holds no run.
    """
    records = before.read_record(), after.read_record()
    settings = _differing(records[0]["config"], records[1]["config"])
    settings += ["data"] * (records[0]["data_fingerprint"] != records[1]["data_fingerprint"])
    metrics, differing_metric = _compare_metrics(before, after)
    files, differing_file = _compare_files(before.path, after.path)
    return Comparison(
        metrics=metrics,
        files=files,
        settings=settings,
        versions=_differing(records[0]["versions"], records[1]["versions"]),
        first=_earlier(differing_metric, differing_file),
    )


def _earlier(one: Difference | None, other: Difference | None) -> Difference | None:
    found = [difference for difference in (one, other) if difference]
    return min(found, key=lambda difference: float("inf") if difference.step is None else difference.step, default=None)


def _differing(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _compare_metrics(before: RunDirectory, after: RunDirectory) -> tuple[int, Difference | None]:
    known, repeated = _metrics_of(before), _metrics_of(after)
    common = [key for key in known if key in repeated]
    for step, where in sorted(common):
        old, new = known[step, where], repeated[step, where]
        if old != new and not (np.isnan(old) and np.isnan(new)):
            return len(common), Difference("metric", where, step, repr(old), repr(new))
    return len(common), None


def _metrics_of(run: RunDirectory) -> dict[tuple[int, str], float]:
    found: dict[tuple[int, str], float] = {}
    for event in _events(run.events_path):
        if event["kind"] != "metric":
            continue
        data = event["data"]
        for name, value in data["values"].items():
            if not _BY_THE_CLOCK.search(name):
                found[data["step"], f"{data['phase']} {name} ({data['scope']})"] = float(value)
    return found


def _events(path: Path) -> Iterator[dict[str, Any]]:
    offset = 0
    while True:
        events, reached = read_events(path, offset)
        yield from events
        if reached == offset:
            return
        offset = reached


def _compare_files(before: Path, after: Path) -> tuple[int, Difference | None]:
    """Compare weights below ``checkpoints/`` and ``artifacts/`` that both runs still have."""
    names = [path.relative_to(before).as_posix() for path in before.rglob("*.safetensors")]
    common = sorted((name for name in names if (after / name).is_file()), key=lambda name: (_step_of(name), name))
    for name in common:
        if difference := _compare_tensors(before / name, after / name, name):
            return len(common), difference
    return len(common), None


def _step_of(name: str) -> float:
    found = _STEP.search(name)
    return int(found.group(1)) if found else float("inf")


def _compare_tensors(before: Path, after: Path, name: str) -> Difference | None:
    if sha256_file(before) == sha256_file(after):
        return None
    found = _STEP.search(name)
    step = int(found.group(1)) if found else None
    try:
        old, new = load_file(before), load_file(after)
    except (SafetensorError, KeyError, TypeError):  # number formats that NumPy does not have
        return Difference("weights", name, step, sha256_file(before)[:12], sha256_file(after)[:12])
    for tensor in sorted(old.keys() | new.keys()):
        if tensor not in old or tensor not in new:
            return Difference("missing", f"{name}: {tensor}", step, str(tensor in old), str(tensor in new))
        if old[tensor].tobytes() != new[tensor].tobytes() or old[tensor].shape != new[tensor].shape:
            return Difference("weights", f"{name}: {tensor}", step, _summary(old[tensor]), _summary(new[tensor]))
    return None  # the same tensors in files whose notes differ


def _summary(values: np.ndarray[Any, Any]) -> str:
    return f"{list(values.shape)}, sum {float(np.sum(values, dtype=np.float64)):.17g}"
