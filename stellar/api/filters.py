"""The filters that lists take; anything else is ignored."""

from __future__ import annotations

import django_filters

from stellar.models import Download, Prediction, Survey, Training


class SurveyFilter(django_filters.FilterSet):
    """`?search=jplus&state=ready`."""

    search = django_filters.CharFilter(field_name="name", lookup_expr="icontains", max_length=200)
    state = django_filters.ChoiceFilter(choices=Survey.State.choices)

    class Meta:
        model = Survey
        fields: list[str] = []


class PredictionFilter(django_filters.FilterSet):
    """`?survey=...&classifier=...&state=ready`."""

    survey = django_filters.UUIDFilter(field_name="survey_id")
    classifier = django_filters.UUIDFilter(field_name="classifier_id")
    state = django_filters.ChoiceFilter(choices=Prediction._meta.get_field("state").choices)

    class Meta:
        model = Prediction
        fields: list[str] = []


class TrainingFilter(django_filters.FilterSet):
    """`?survey=...`."""

    survey = django_filters.UUIDFilter(field_name="survey_id")

    class Meta:
        model = Training
        fields: list[str] = []


class DownloadFilter(django_filters.FilterSet):
    """`?survey=...&kind=images`."""

    survey = django_filters.UUIDFilter(field_name="survey_id")
    kind = django_filters.ChoiceFilter(choices=Download.Kind.choices)

    class Meta:
        model = Download
        fields: list[str] = []
