"""Pause, resume, stop, checkpoint."""

from __future__ import annotations

from typing import Any

import pytest

from cvstudio.runs.errors import QuotaError, RunConflictError
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.control_run import ACTIONS, control_run
from ml_core.errors import CodedError, ConfigError

pytestmark = pytest.mark.django_db

REFUSED = None
# action -> state -> the state after it; None is a refusal with a hint.
EXPECTED: dict[str, dict[str, str | None]] = {
    "pause": {
        "queued": "paused",
        "starting": "pausing",
        "running": "pausing",
        "pausing": "pausing",
        "paused": "paused",
        "stopping": REFUSED,
        "stopped": REFUSED,
        "completed": REFUSED,
        "failed": REFUSED,
        "lost": REFUSED,
    },
    "stop": {
        "queued": "stopped",
        "starting": "stopping",
        "running": "stopping",
        "pausing": "stopping",
        "paused": "stopped",
        "stopping": "stopping",
        "stopped": "stopped",
        "completed": REFUSED,
        "failed": REFUSED,
        "lost": "stopped",
    },
    "resume": {
        "queued": "queued",
        "starting": "starting",
        "running": "running",
        "pausing": REFUSED,
        "paused": "queued",
        "stopping": REFUSED,
        "stopped": "queued",
        "completed": REFUSED,
        "failed": "queued",
        "lost": "queued",
    },
    "checkpoint": {
        "queued": REFUSED,
        "starting": "starting",
        "running": "running",
        "pausing": REFUSED,
        "paused": REFUSED,
        "stopping": REFUSED,
        "stopped": REFUSED,
        "completed": REFUSED,
        "failed": REFUSED,
        "lost": REFUSED,
    },
}


def test_every_action_and_state_has_an_expectation() -> None:
    assert set(EXPECTED) == set(ACTIONS)
    assert all(set(by_state) == set(RunState.values) for by_state in EXPECTED.values())


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", RunState.values)
def test_each_action_does_what_is_expected_in_each_state(make_run: Any, action: str, state: str) -> None:
    run = make_run()
    Run.objects.filter(id=run.id).update(state=state)
    expected = EXPECTED[action][state]
    if expected is REFUSED:
        with pytest.raises(RunConflictError) as refusal:
            control_run(run, action)
        assert refusal.value.hint
        assert Run.objects.get(id=run.id).state == state
    else:
        assert control_run(run, action).state == expected


def test_a_request_to_a_working_run_is_left_for_its_supervisor(make_run: Any) -> None:
    run = make_run()
    Run.objects.filter(id=run.id).update(state="running")
    assert control_run(run, "checkpoint").command == "checkpoint"
    asked = control_run(run, "pause")
    assert (asked.command, asked.command_id) == ("pause", 2)


def test_an_unknown_action_is_named(make_run: Any) -> None:
    with pytest.raises(CodedError, match="explode"):
        control_run(make_run(), "explode")


def test_one_person_cannot_fill_the_queue(make_run: Any, settings: Any) -> None:
    settings.RUN_MAX_QUEUED_PER_USER = 2
    first = make_run()
    make_run()
    with pytest.raises(QuotaError):
        make_run()
    control_run(first, "pause")
    make_run()
    with pytest.raises(QuotaError):
        control_run(first, "resume")


def test_a_wrong_configuration_never_becomes_a_run(make_run: Any) -> None:
    with pytest.raises(ConfigError, match="stepps"):
        make_run(stepps=3)
    assert not Run.objects.exists()
