"""Tells the library of weights which jobs stand on a version."""

from __future__ import annotations

from collections.abc import Iterator

from cvstudio.inference.models import InferenceJob
from cvstudio.runs.states import ENDED
from cvstudio.weights.dependants import Dependant, Kind, register_dependants
from cvstudio.weights.models import WeightVersion


def _find(version: WeightVersion) -> Iterator[Dependant]:
    for job in InferenceJob.objects.filter(weight_version=version).select_related("run"):
        is_active = job.run is not None and job.run.state not in ENDED
        name = job.run.name if job.run else job.created_at.strftime("%Y-%m-%d %H:%M")
        yield Dependant(str(job.get_kind_display()), name, f"/inference/jobs/{job.id}", active=is_active)


def _remove(version: WeightVersion) -> int:
    jobs = InferenceJob.objects.filter(weight_version=version)
    count = jobs.count()
    jobs.delete()
    return count


def register() -> None:
    """Add jobs to what a deletion looks at."""
    register_dependants("inference", Kind(_find, _remove))
