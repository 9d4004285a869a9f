"""The filters that lists take; anything else is ignored."""

from __future__ import annotations

import django_filters

from anime.models import Collection, Enrolment, GeneratedImage, Recognition, Training


class CollectionFilter(django_filters.FilterSet):
    """`?search=friends`."""

    search = django_filters.CharFilter(field_name="dataset__name", lookup_expr="icontains", max_length=200)

    class Meta:
        model = Collection
        fields: list[str] = []


class TrainingFilter(django_filters.FilterSet):
    """`?collection=...&kind=generator`."""

    collection = django_filters.UUIDFilter(field_name="collection_id")
    kind = django_filters.ChoiceFilter(choices=Training.Kind.choices)

    class Meta:
        model = Training
        fields: list[str] = []


class EnrolmentFilter(django_filters.FilterSet):
    """`?collection=...&recogniser=...&state=ready`."""

    collection = django_filters.UUIDFilter(field_name="collection_id")
    recogniser = django_filters.UUIDFilter(field_name="recogniser_id")
    state = django_filters.ChoiceFilter(choices=Enrolment._meta.get_field("state").choices)

    class Meta:
        model = Enrolment
        fields: list[str] = []


class RecognitionFilter(django_filters.FilterSet):
    """`?recogniser=...&collection=...&unknown=true`."""

    recogniser = django_filters.UUIDFilter(field_name="recogniser_id")
    collection = django_filters.UUIDFilter(field_name="collection_id")
    unknown = django_filters.BooleanFilter(field_name="is_unknown")
    name = django_filters.CharFilter(max_length=255)

    class Meta:
        model = Recognition
        fields: list[str] = []


class GeneratedFilter(django_filters.FilterSet):
    """`?generator=...&character=Akari&favourite=true`."""

    generator = django_filters.UUIDFilter(field_name="generator_id")
    character = django_filters.CharFilter(max_length=255)
    favourite = django_filters.BooleanFilter()

    class Meta:
        model = GeneratedImage
        fields: list[str] = []
