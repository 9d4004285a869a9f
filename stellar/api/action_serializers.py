"""Forms of requests and answers for bulk actions, screening, exports, and what classifiers say of a star."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ml_core.stellar.spectra.subclass import CLASSES
from stellar.api.serializers import ClassSerializer, ObjectField, StarRowSerializer
from stellar.models import StarClassification
from stellar.services.choose_stars import MOST_IDS
from stellar.services.screen_stars import DECISIONS


class ChosenStarsSerializer(serializers.Serializer):
    """Stars of a survey: by their ids, by a filter as the table takes it; without both, all."""

    stars = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=MOST_IDS)
    filter = ObjectField(required=False, help_text="The same names as in the address of the table.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of both."""
        if "stars" in attrs and "filter" in attrs:
            raise serializers.ValidationError({"filter": "Give either stars or a filter."})
        return attrs


class NamedStarsSerializer(ChosenStarsSerializer):
    """Stars that an action changes: they must be named."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """All stars are meant by an empty filter, not by silence."""
        if "stars" not in attrs and "filter" not in attrs:
            raise serializers.ValidationError({"stars": "Say which stars: stars, or a filter."})
        return super().validate(attrs)


class ChosenClassSerializer(ClassSerializer, NamedStarsSerializer):
    """Which stars get which class."""

    def get_fields(self) -> dict[str, Any]:
        """Both."""
        return {**NamedStarsSerializer().get_fields(), **super().get_fields()}


class ClassificationSerializer(serializers.ModelSerializer):
    """What one prediction says of one star."""

    prediction = serializers.UUIDField(source="prediction_id", read_only=True)
    name = serializers.CharField(source="prediction.name", read_only=True)
    classifier = serializers.UUIDField(source="prediction.classifier_id", read_only=True)
    classifier_name = serializers.CharField(source="prediction.classifier", read_only=True)
    created_at = serializers.DateTimeField(source="prediction.created_at", read_only=True)
    predicted = serializers.CharField(source="predicted_name", read_only=True)
    likeliest = serializers.SerializerMethodField()
    probabilities = serializers.SerializerMethodField()
    by_modality = ObjectField(read_only=True)
    shown = serializers.SerializerMethodField()

    class Meta:
        model = StarClassification
        fields = (
            "prediction", "name", "classifier", "classifier_name", "created_at", "predicted", "likeliest",
            "confidence", "probabilities", "type", "type_sd", "novelty", "modality", "by_modality",
            "modalities_differ", "shown",
        )  # fmt: skip
        read_only_fields = fields

    def get_likeliest(self, row: StarClassification) -> str:
        """The class with the highest probability, member or not."""
        return CLASSES[row.likeliest]

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_probabilities(self, row: StarClassification) -> Any:
        """By class."""
        return dict(zip(CLASSES, row.probabilities, strict=False))

    def get_shown(self, row: StarClassification) -> bool:
        """Whether the table shows this prediction."""
        return bool(self.context.get("shown") == row.prediction_id)


class NeighbourStarSerializer(StarRowSerializer):
    """A star and how far it is in the embedding."""

    distance = serializers.FloatField(read_only=True)

    class Meta(StarRowSerializer.Meta):
        fields = (*StarRowSerializer.Meta.fields, "distance")
        read_only_fields = fields


class StarNeighboursSerializer(serializers.Serializer):
    """The stars that a classifier finds most alike."""

    prediction = serializers.UUIDField()
    neighbours = NeighbourStarSerializer(many=True)


class StarNeighboursQuerySerializer(serializers.Serializer):
    """By which prediction; the shown one when left out."""

    prediction = serializers.UUIDField(required=False, allow_null=True, default=None)
    count = serializers.IntegerField(required=False, min_value=1, max_value=50, default=8)


class ScreeningCountsSerializer(serializers.Serializer):
    """Pictures by decision."""

    undecided = serializers.IntegerField()
    accepted = serializers.IntegerField()
    rejected = serializers.IntegerField()
    flagged = serializers.IntegerField()
    flagged_undecided = serializers.IntegerField()


class ScreeningSerializer(serializers.Serializer):
    """What waits for a look."""

    counts = ScreeningCountsSerializer()
    results = StarRowSerializer(many=True)


class ScreeningQuerySerializer(serializers.Serializer):
    """Which pictures."""

    state = serializers.ChoiceField(choices=["undecided", "accepted", "rejected", "all"], default="undecided",
                                    required=False)  # fmt: skip
    flag = serializers.ChoiceField(
        choices=["", "any", "several_sources", "off_centre", "noisy", "saturated", "cut_off"], required=False,
        default="", allow_blank=True,
    )  # fmt: skip
    count = serializers.IntegerField(required=False, min_value=1, max_value=200, default=20)
    after = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Behind this star.")


class DecisionSerializer(NamedStarsSerializer):
    """What is decided about which pictures."""

    decision = serializers.ChoiceField(choices=DECISIONS, allow_blank=True)


class DecidedSerializer(serializers.Serializer):
    """How things stand after a decision."""

    counts = ScreeningCountsSerializer()
    changed = serializers.IntegerField()
    stars = StarRowSerializer(many=True)


class ExportStarsQuerySerializer(serializers.Serializer):
    """What to export; the filters of the table besides."""

    columns = serializers.CharField(max_length=2000, required=False, default="", help_text="Names, with commas.")
    plain = serializers.BooleanField(required=False, default=False, help_text="CSV without the lines about units.")


class ColumnSerializer(serializers.Serializer):
    """A column of exports."""

    name = serializers.CharField()
    unit = serializers.CharField()
    description = serializers.CharField(source="title")
    group = serializers.CharField()
