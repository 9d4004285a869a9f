"""Where a chain stands. Derived from its runs each time, so that it can never say something else than they do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from cvstudio.runs.models import Run, RunState
from cvstudio.weights.models import WeightVersion
from hsi.models import STAGES, AnomalyMap, Pipeline

State = Literal["waiting", "running", "paused", "stopped", "failed", "completed", "skipped"]

_OF_RUN: dict[str, State] = {
    RunState.QUEUED: "running", RunState.STARTING: "running", RunState.RUNNING: "running",
    RunState.PAUSING: "running", RunState.PAUSED: "paused", RunState.STOPPING: "running",
    RunState.STOPPED: "stopped", RunState.COMPLETED: "completed", RunState.FAILED: "failed", RunState.LOST: "running",
}  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """One stage of a chain.

    Attributes:
        key: One of `STAGES`.
        state: Derived from its run or maps.
        run: Of the first three stages; None when it has not begun or is skipped.
        weight: What it left, or what it was skipped for.
        maps: Of the last stage.
    """

    key: str
    state: State
    run: Run | None = None
    weight: WeightVersion | None = None
    maps: list[AnomalyMap] = field(default_factory=list)


def stages_of(pipeline: Pipeline) -> list[Stage]:
    """All stages in order; no query when the chain came from `selectors.listed_pipelines`."""
    trained = [
        _trained("tokenizer", pipeline.tokenizer_run, pipeline.tokenizer, pipeline.encoder is not None),
        _trained("pretrain", pipeline.pretrain_run, pipeline.encoder, False),
        _trained("anomaly", pipeline.anomaly_run, pipeline.detector, False),
    ]
    maps = list(pipeline.maps.all())
    return [*trained, Stage("maps", _maps_state(maps), maps=maps)]


def state_of(pipeline: Pipeline) -> State:
    """The state of the whole chain: that of its current stage."""
    if pipeline.fault:
        return "failed"
    stages = stages_of(pipeline)
    if stages[-1].maps:
        return stages[-1].state
    current = stages[STAGES.index(pipeline.stage)].state
    # Between the end of a stage and the beginning of the next the chain is at work.
    return "running" if current in ("waiting", "completed", "skipped") else current


def _trained(key: str, run: Run | None, weight: WeightVersion | None, is_later_given: bool) -> Stage:
    if run is not None:
        # The run completes after its hooks: once its weight is here the stage is done.
        return Stage(key, "completed" if weight is not None else _OF_RUN[run.state], run, weight)
    return Stage(key, "skipped" if weight is not None or is_later_given else "waiting", None, weight)


def _maps_state(maps: list[AnomalyMap]) -> State:
    if not maps:
        return "waiting"
    states: set[Any] = {row.state for row in maps}
    if AnomalyMap.State.WAITING in states:
        paused = any(row.run is not None and row.run.state == RunState.PAUSED for row in maps)
        return "paused" if paused else "running"
    return "failed" if AnomalyMap.State.FAILED in states else "completed"
