"""The filters that a list takes; anything else is ignored."""

from __future__ import annotations

import django_filters

from cvstudio.architectures.models import Architecture


class ArchitectureFilter(django_filters.FilterSet):
    """`?search=lenet&valid=true&ordering=-updated_at`."""

    search = django_filters.CharFilter(field_name="name", lookup_expr="icontains", max_length=200)
    valid = django_filters.BooleanFilter(field_name="current_version__valid")
    ordering = django_filters.OrderingFilter(fields=("name", "created_at", "updated_at"))

    class Meta:
        model = Architecture
        fields: list[str] = []
