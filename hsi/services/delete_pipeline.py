"""Delete a chain; its weights, maps and runs stay."""

from __future__ import annotations

from cvstudio.runs.states import ACTIVE
from hsi.errors import BusyError
from hsi.models import Pipeline
from hsi.services.control_pipeline import all_runs


def delete_pipeline(pipeline: Pipeline) -> None:
    """Forget the chain. What it made is found among weights, maps and runs.

    Raises:
        BusyError: A stage is at work.
    """
    if any(run.state in {*ACTIVE, "queued"} for run in all_runs(pipeline)):
        raise BusyError("The chain is at work.", hint="Stop it first, then delete it.", where=str(pipeline.id))
    pipeline.delete()
