"""What the list of jobs may be filtered by, and nothing else."""

from __future__ import annotations

from django_filters import rest_framework as filters

from cvstudio.inference.models import InferenceJob


class JobFilter(filters.FilterSet):
    """Filters of `GET /api/v1/inference/jobs`."""

    kind = filters.ChoiceFilter(choices=InferenceJob.Kind.choices)
    weight = filters.UUIDFilter(field_name="weight_version_id")
    run = filters.UUIDFilter(field_name="run_id")

    class Meta:
        model = InferenceJob
        fields: tuple[str, ...] = ()
