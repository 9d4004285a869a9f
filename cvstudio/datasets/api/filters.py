"""The filters that a list takes; anything else is ignored."""

from __future__ import annotations

import django_filters

from cvstudio.datasets.models import Dataset


class DatasetFilter(django_filters.FilterSet):
    """`?search=ants&source=upload&ordering=-created_at`."""

    search = django_filters.CharFilter(field_name="name", lookup_expr="icontains", max_length=200)
    source = django_filters.ChoiceFilter(choices=Dataset.Source.choices)
    ordering = django_filters.OrderingFilter(fields=("name", "created_at", "updated_at"))

    class Meta:
        model = Dataset
        fields: list[str] = []
