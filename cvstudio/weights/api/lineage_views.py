"""Endpoints of lineage: the images that a weight saw, and the weights that saw an image."""

from __future__ import annotations

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.weights.selectors import versions_for
from cvstudio.weights.sightings import SPLITS, images_seen_by, weights_that_saw


class AskedImageSerializer(serializers.Serializer):
    """Which image."""

    sha256 = serializers.RegexField(r"^[0-9a-fA-F]{64}$", help_text="Of the file of the image.")


class SightingSerializer(serializers.Serializer):
    """A weight that saw the image."""

    weight = serializers.UUIDField(source="weight.id")
    name = serializers.CharField(source="weight")
    split = serializers.ChoiceField(choices=SPLITS)
    through = serializers.UUIDField(source="through.id", default=None, allow_null=True)
    dataset = serializers.UUIDField(source="image.version.dataset_id")
    version = serializers.IntegerField(source="image.version.number")
    image = serializers.UUIDField(source="image.id")
    path = serializers.CharField(source="image.path")
    is_gone = serializers.BooleanField(help_text="Whether the current version of the data set has it no more.")


class SeenDataSerializer(serializers.Serializer):
    """Images that a weight, or one that it started from, saw in a version of a data set."""

    weight = serializers.UUIDField(source="through.id")
    dataset = serializers.UUIDField(source="data.dataset_id")
    name = serializers.CharField(source="data.dataset.name")
    version = serializers.IntegerField(source="data.number")
    splits = serializers.DictField(child=serializers.IntegerField())
    gone = serializers.IntegerField(help_text="Images that the current version of the data set has no more.")


class SeenView(APIView):
    """The weights that saw an image."""

    @extend_schema(
        parameters=[OpenApiParameter("sha256", required=True)], responses=SightingSerializer(many=True)
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Those that learned from it, were chosen by it or judged by it, themselves or through an earlier weight."""
        form = AskedImageSerializer(data=request.query_params)
        form.is_valid(raise_exception=True)
        found = weights_that_saw(request.user, form.validated_data["sha256"].lower())
        return Response(SightingSerializer(found, many=True).data)


class WeightImagesView(APIView):
    """The images that a version saw."""

    @extend_schema(responses=SeenDataSerializer(many=True))
    def get(self, request: Request, weight_id: UUID) -> Response:
        """By version of a data set and split; `/datasets/{id}/images` lists them."""
        version = get_object_or_404(versions_for(request.user), id=weight_id)
        return Response(SeenDataSerializer(images_seen_by(version), many=True).data)
