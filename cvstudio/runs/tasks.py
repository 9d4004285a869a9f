"""The Celery tasks of runs. They take ids, and each calls one thing."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task


@shared_task(name="runs.execute")
def execute(run_id: str) -> None:
    """Claim the run and see it through. A second delivery of the same message finds it claimed and ends."""
    from cvstudio.runs.supervisor.execute import execute_run

    execute_run(UUID(run_id))
