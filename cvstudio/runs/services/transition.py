"""Moves a run from one state to another, by compare-and-swap."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from cvstudio.runs import states
from cvstudio.runs.errors import FenceLostError, RunConflictError
from cvstudio.runs.models import CauseClass, Run, RunState
from cvstudio.runs.services.append_events import NewEvent, write_guarded
from ml_core.errors import CodedError

_TRIES = 5


@dataclass(frozen=True)
class Cause:
    """Why a run changed its state: whose turn it is, and a sentence with a cure."""

    kind: CauseClass = CauseClass.NONE
    code: str = ""
    message: str = ""
    hint: str = ""
    where: str = ""

    @classmethod
    def of(cls, kind: CauseClass, error: CodedError) -> Cause:
        """The cause that a typed error describes."""
        return cls(kind, error.code, error.message, error.hint, error.where)

    def body(self) -> dict[str, str]:
        """What is stored in ``Run.cause``; empty when nothing needs saying."""
        return {key: str(value) for key, value in asdict(self).items() if key != "kind"} if self.code else {}


NO_CAUSE = Cause()


def transition(
    run_id: UUID,
    target: RunState,
    *,
    only_from: Collection[RunState] | None = None,
    fence: int | None = None,
    guard: Mapping[str, Any] | None = None,
    raise_fence: bool = False,
    cause: Cause = NO_CAUSE,
    before: Collection[NewEvent] = (),
    **changes: Any,
) -> Run:
    """Move a run to ``target`` and append the state event, in one transaction.

    Args:
        run_id: The run.
        target: The new state.
        only_from: States in which the caller wants this; all that the table allows when left out.
        fence: The claim under which a worker acts.
        guard: More fields that must still be so.
        raise_fence: Begin a new claim, or end one: whoever held the run can no longer write.
        cause: Why; stored on the run and in the event.
        before: Events to append just before the state event.
        changes: More fields of the run to set with it.

    Returns:
        The run as it now is.

    Raises:
        IllegalTransitionError: The table does not list the transition from one of ``only_from``.
        RunConflictError: The run is in another state.
        FenceLostError: Another worker has claimed the run.
        Run.DoesNotExist: It was deleted.
    """
    wanted = frozenset(only_from) if only_from is not None else states.sources_of(target)
    for source in wanted:
        states.check(source, target)
    changes |= _dates(target)
    for _ in range(_TRIES):
        run = Run.objects.only("state", "fence").get(id=run_id)
        if fence is not None and run.fence != fence:
            raise FenceLostError("Another worker has taken over this run.", where=str(run_id))
        if run.state not in wanted:
            break
        written = write_guarded(
            run_id,
            {"state": run.state, "fence": run.fence, **(guard or {})},
            {
                "state": target,
                "cause_class": cause.kind,
                "cause": cause.body(),
                "fence": run.fence + raise_fence,
                **changes,
            },
            [*before, state_event(target, run.state, cause)],
        )
        if written is not None:
            return Run.objects.get(id=run_id)
    raise RunConflictError(
        f"The run is {run.get_state_display()} and cannot become {target.label}.",
        code="run.state",
        hint="Reload the run to see what can be done now.",
        where=str(run_id),
    )


def state_event(target: str, previous: str = "", cause: Cause = NO_CAUSE) -> NewEvent:
    """The event that tells of a new state."""
    data = {"state": str(target), "previous": previous, "cause_class": str(cause.kind), "cause": cause.body()}
    return NewEvent("state", data)


def _dates(target: RunState) -> dict[str, Any]:
    """Dates and leftovers that follow from the new state alone."""
    if target in states.ACTIVE:
        return {}
    idle: dict[str, Any] = {"lease_expires_at": None, "command": ""}
    if target in states.ENDED:
        idle["ended_at"] = timezone.now()
    if target is RunState.QUEUED:
        idle |= {"ended_at": None, "worker": ""}
    return idle
