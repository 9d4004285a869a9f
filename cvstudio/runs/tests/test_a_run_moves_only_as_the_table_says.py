"""The state machine."""

from __future__ import annotations

from typing import Any

import pytest

from cvstudio.runs import states
from cvstudio.runs.errors import FenceLostError, IllegalTransitionError, RunConflictError
from cvstudio.runs.models import CauseClass, Run, RunEvent, RunState
from cvstudio.runs.services.append_events import NewEvent, SourcePosition, append_events
from cvstudio.runs.services.transition import Cause, transition

pytestmark = pytest.mark.django_db


def test_every_state_is_in_the_table_and_every_ended_one_can_only_be_queued_again() -> None:
    assert set(states.TRANSITIONS) == set(RunState)
    for state in states.ENDED - {RunState.COMPLETED}:
        assert states.TRANSITIONS[state] == {RunState.QUEUED}
    assert not states.TRANSITIONS[RunState.COMPLETED]


def test_an_unlisted_transition_raises_before_anything_is_written(make_run: Any) -> None:
    run = make_run()
    with pytest.raises(IllegalTransitionError, match="queued to completed"):
        transition(run.id, RunState.COMPLETED, only_from=[RunState.QUEUED])
    assert Run.objects.get(id=run.id).last_seq == run.last_seq == 1


def test_a_transition_from_another_state_than_the_wanted_is_a_conflict(make_run: Any) -> None:
    run = make_run()
    with pytest.raises(RunConflictError):
        transition(run.id, RunState.PAUSING, only_from=[RunState.RUNNING])


def test_a_transition_writes_state_cause_and_event_together(make_run: Any) -> None:
    run = make_run()
    cause = Cause(CauseClass.USER, "asked", "It was asked for.")
    run = transition(run.id, RunState.PAUSED, cause=cause)
    event = RunEvent.objects.get(run=run, seq=2)
    assert (run.state, run.cause_class, run.cause["code"]) == ("paused", "user", "asked")
    assert event.data == {"state": "paused", "previous": "queued", "cause_class": "user", "cause": run.cause}


def test_a_claim_ends_when_the_fence_is_raised_and_its_writes_are_refused(make_run: Any) -> None:
    run = make_run()
    claimed = transition(run.id, RunState.STARTING, raise_fence=True)
    append_events(run.id, [NewEvent("log", {"message": "mine"})], fence=claimed.fence)
    transition(run.id, RunState.LOST, raise_fence=True)
    with pytest.raises(FenceLostError):
        append_events(run.id, [NewEvent("log", {"message": "too late"})], fence=claimed.fence)
    with pytest.raises(FenceLostError):
        transition(run.id, RunState.QUEUED, fence=claimed.fence)
    assert not RunEvent.objects.filter(data__message="too late").exists()


def test_lines_of_the_event_file_are_stored_once_however_often_they_come(make_run: Any) -> None:
    run = make_run()
    lines = [NewEvent("log", {"message": str(number)}) for number in range(3)]
    position = SourcePosition(old_seq=0, new_seq=3, new_offset=300)
    assert append_events(run.id, lines, source=position) == 4
    with pytest.raises(FenceLostError):
        append_events(run.id, lines, source=position)
    assert list(RunEvent.objects.filter(run=run).values_list("seq", flat=True)) == [1, 2, 3, 4]
