"""Removes a job with its answers. The run of a batch stays in the list of runs until it is deleted there."""

from __future__ import annotations

from cvstudio.inference.errors import JobActiveError
from cvstudio.inference.models import InferenceJob
from cvstudio.inference.services.forget_archive import forget_archive
from cvstudio.runs.states import ENDED


def delete_job(job: InferenceJob) -> None:
    """Remove it.

    Raises:
        JobActiveError: Its run has not ended.
    """
    if job.run is not None:
        if job.run.state not in ENDED:
            raise JobActiveError("The batch is being predicted.", hint="Stop its run first.")
        forget_archive(job.run)
    job.delete()
