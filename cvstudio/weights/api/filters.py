"""What the list of weights may be filtered by, and nothing else."""

from __future__ import annotations

from django_filters import rest_framework as filters

from cvstudio.weights.models import WeightVersion


class WeightFilter(filters.FilterSet):
    """Filters of `GET /api/v1/weights`."""

    q = filters.CharFilter(field_name="weight__name", lookup_expr="icontains", label="part of the name")
    weight = filters.UUIDFilter(field_name="weight_id")
    task = filters.CharFilter(field_name="weight__task")
    architecture = filters.UUIDFilter(field_name="weight__architecture_id")
    dataset = filters.UUIDFilter(field_name="weight__dataset_id")
    run = filters.UUIDFilter(field_name="run_id")
    alias = filters.CharFilter(field_name="aliases__name")
    source = filters.ChoiceFilter(choices=WeightVersion.Source.choices)

    class Meta:
        model = WeightVersion
        fields: tuple[str, ...] = ()
