"""The filters that lists take; anything else is ignored."""

from __future__ import annotations

import django_filters

from hsi.models import AnomalyMap, Pipeline, Scene, Sensor


class SensorFilter(django_filters.FilterSet):
    """`?search=aviris`."""

    search = django_filters.CharFilter(field_name="name", lookup_expr="icontains", max_length=200)

    class Meta:
        model = Sensor
        fields: list[str] = []


class SceneFilter(django_filters.FilterSet):
    """`?search=airport&state=ready&sensor=...&has_mask=true`."""

    search = django_filters.CharFilter(field_name="name", lookup_expr="icontains", max_length=200)
    state = django_filters.ChoiceFilter(choices=Scene.State.choices)
    sensor = django_filters.UUIDFilter(field_name="sensor_id")
    has_mask = django_filters.BooleanFilter()

    class Meta:
        model = Scene
        fields: list[str] = []


class MapFilter(django_filters.FilterSet):
    """`?scene=...&state=ready&detector=...&pipeline=...`."""

    search = django_filters.CharFilter(field_name="name", lookup_expr="icontains", max_length=200)
    state = django_filters.ChoiceFilter(choices=AnomalyMap.State.choices)
    scene = django_filters.UUIDFilter(field_name="scene_id")
    detector = django_filters.UUIDFilter(field_name="detector_id")
    pipeline = django_filters.UUIDFilter(field_name="pipeline_id")

    class Meta:
        model = AnomalyMap
        fields: list[str] = []


class PipelineFilter(django_filters.FilterSet):
    """`?search=harbour&preset=cpu`."""

    search = django_filters.CharFilter(field_name="name", lookup_expr="icontains", max_length=200)
    preset = django_filters.CharFilter(max_length=30)

    class Meta:
        model = Pipeline
        fields: list[str] = []
