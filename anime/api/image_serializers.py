"""Forms of requests and answers for images that are recognised, drawn or searched."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from anime.api.serializers import CharacterImageSerializer, ObjectField
from anime.models import GeneratedImage, Recognition
from anime.services.generate import HIGHEST_SEED
from anime.storage import map_file, square_file
from ml_core.anime.generate.request import MOST_IMAGES


class RecognitionSerializer(serializers.ModelSerializer):
    """What a recogniser said of an image."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    recogniser = serializers.UUIDField(source="recogniser_id", read_only=True)
    recogniser_name = serializers.CharField(source="recogniser", read_only=True)
    collection = serializers.UUIDField(source="collection_id", read_only=True, allow_null=True)
    answer = ObjectField(read_only=True)
    image = serializers.SerializerMethodField()
    square = serializers.SerializerMethodField()
    map = serializers.SerializerMethodField()

    class Meta:
        model = Recognition
        fields = (
            "id", "owner", "recogniser", "recogniser_name", "collection", "file_name", "width", "height", "name",
            "probability", "is_unknown", "answer", "correction", "image", "square", "map", "created_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_image(self, row: Recognition) -> str:
        """Address of it, small."""
        return reverse("api-anime-recognition-image", args=[row.pk])

    def get_square(self, row: Recognition) -> str | None:
        """Address of the square that the recogniser saw."""
        return reverse("api-anime-recognition-square", args=[row.pk]) if square_file(row.pk).is_file() else None

    def get_map(self, row: Recognition) -> str | None:
        """Address of where it looked; null without a network."""
        return reverse("api-anime-recognition-map", args=[row.pk]) if map_file(row.pk).is_file() else None


class RecogniseSerializer(serializers.Serializer):
    """An image to recognise."""

    recogniser = serializers.UUIDField()
    image = serializers.FileField()
    collection = serializers.UUIDField(required=False, help_text="Whose images the nearest ones are.")
    text = serializers.CharField(max_length=2_000, required=False, allow_blank=True, default="",
                                 help_text="Words about who is on it, for a recogniser that reads.")  # fmt: skip


class CorrectRecognitionSerializer(serializers.Serializer):
    """Who it is."""

    collection = serializers.UUIDField(help_text="Gets the image with its next version.")
    character = serializers.CharField(max_length=200)


class GeneratedSerializer(serializers.ModelSerializer):
    """A drawn image."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    generator = serializers.UUIDField(source="generator_id", read_only=True)
    generator_name = serializers.CharField(source="generator", read_only=True)
    nearest = ObjectField(read_only=True)
    image = serializers.SerializerMethodField()

    class Meta:
        model = GeneratedImage
        fields = (
            "id", "owner", "generator", "generator_name", "character", "seed", "seed_to", "share", "truncation",
            "favourite", "width", "height", "group", "position", "confidence", "agreed", "nearest", "image",
            "created_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_image(self, row: GeneratedImage) -> str:
        """Address of the image."""
        return reverse("api-anime-generated-image", args=[row.pk])


class FavouriteSerializer(serializers.Serializer):
    """Whether to keep it among the favourites."""

    favourite = serializers.BooleanField()


class GenerateSerializer(serializers.Serializer):
    """What to draw."""

    generator = serializers.UUIDField()
    character = serializers.CharField(max_length=255)
    seeds = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=HIGHEST_SEED), required=False, min_length=1,
        max_length=MOST_IMAGES, help_text="One image a seed.",
    )  # fmt: skip
    seed = serializers.IntegerField(min_value=0, max_value=HIGHEST_SEED - MOST_IMAGES, required=False, default=0)
    count = serializers.IntegerField(min_value=1, max_value=MOST_IMAGES, required=False, default=1,
                                     help_text="Images with seeds from this one on.")  # fmt: skip
    truncation = serializers.FloatField(min_value=0.01, max_value=1.0, required=False, default=1.0)
    between = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=HIGHEST_SEED), required=False, min_length=2, max_length=2,
        help_text="Two seeds to walk between.",
    )  # fmt: skip
    steps = serializers.IntegerField(min_value=2, max_value=MOST_IMAGES, required=False, default=8)


class SearchSerializer(serializers.Serializer):
    """What to search by: words or an image."""

    collection = serializers.UUIDField()
    words = serializers.CharField(max_length=1_000, required=False, allow_blank=True, default="")
    image = serializers.FileField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=200, required=False, default=24)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of both is needed."""
        if not attrs["words"].strip() and "image" not in attrs:
            raise serializers.ValidationError({"words": "Write some words, or send an image."})
        return attrs


class FoundSerializer(serializers.Serializer):
    """An image that was found."""

    image = CharacterImageSerializer()
    character = serializers.CharField()
    similarity = serializers.FloatField()
    because = serializers.CharField(help_text="Words that were hit; empty for a search by image.")
