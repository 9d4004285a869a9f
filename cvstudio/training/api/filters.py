"""The filters that the list takes; anything else is ignored."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from cvstudio.runs.listing import STATE_GROUPS
from cvstudio.runs.models import Run, RunState


class RunFilter(django_filters.FilterSet):
    """`?recipe=vision.classify&state=running&search=lenet&dataset=ID&architecture=ID`."""

    recipe = django_filters.CharFilter(max_length=100)
    state = django_filters.ChoiceFilter(
        choices=[*RunState.choices, *((key, str(title)) for key, (title, _states) in STATE_GROUPS.items())],
        method="filter_state",
        help_text="A state, or a group of them: active, attention, ended.",
    )
    search = django_filters.CharFilter(method="filter_search", max_length=200, help_text="In name and notes.")
    dataset = django_filters.UUIDFilter(field_name="dataset_version__dataset_id")
    architecture = django_filters.UUIDFilter(field_name="architecture_version__architecture_id")

    class Meta:
        model = Run
        fields: list[str] = []

    def filter_state(self, runs: QuerySet[Run], name: str, value: str) -> QuerySet[Run]:
        """One state, or all of a group."""
        group = STATE_GROUPS.get(value)
        return runs.filter(state__in=group[1] if group else [value])

    def filter_search(self, runs: QuerySet[Run], name: str, value: Any) -> QuerySet[Run]:
        """Text in name or notes."""
        return runs.filter(Q(name__icontains=value) | Q(notes__icontains=value))
