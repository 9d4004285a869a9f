"""What other apps do when a run of a recipe ends: make a weight version, mark a data set version as ready.

Hooks are called at least once, so they must come to the same result when called again for the same run.
"""

from __future__ import annotations

from collections.abc import Callable

from cvstudio.runs.models import Run

Hook = Callable[[Run], None]

_completed: dict[str, list[Hook]] = {}
_ended: dict[str, list[Hook]] = {}


def on_completed(recipe: str) -> Callable[[Hook], Hook]:
    """Call the decorated function when a run of ``recipe`` has produced its result.

    It is called *before* the run becomes ``completed``, with ``run.result`` filled in: whoever sees a completed
    run sees everything that follows from it. It runs outside a transaction and may take its time. A
    ``CodedError`` that it raises fails the run with that cause; resuming the run calls it again.
    """

    def register(hook: Hook) -> Hook:
        _completed.setdefault(recipe, []).append(hook)
        return hook

    return register


def on_ended(recipe: str) -> Callable[[Hook], Hook]:
    """Call the decorated function when a run of ``recipe`` failed or was stopped; ``run.state`` says which.

    It is called inside the transaction that ends the run, so it must be short and touch the database only.
    The run may still be resumed later.
    """

    def register(hook: Hook) -> Hook:
        _ended.setdefault(recipe, []).append(hook)
        return hook

    return register


def run_completed(run: Run) -> None:
    """Call the hooks for a result. For the supervisor."""
    for hook in _completed.get(run.recipe, []):
        hook(run)


def run_ended(run: Run) -> None:
    """Call the hooks for an end without a result. For whoever ends a run."""
    for hook in _ended.get(run.recipe, []):
        hook(run)
