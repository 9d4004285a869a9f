"""Versions of a data set and the images in them, over REST."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.common.api.pagination import KeysetPagination
from cvstudio.common.file_response import file_response
from cvstudio.datasets import selectors
from cvstudio.datasets.api import serializers
from cvstudio.datasets.api.serializers import parsed
from cvstudio.datasets.image_filters import ImageFilters
from cvstudio.datasets.media import original_response, thumbnail_response
from cvstudio.datasets.models import DatasetImage, DatasetVersion
from cvstudio.datasets.services.choose_version import choose_version
from cvstudio.datasets.services.retry_import import import_again, retry_import


class PositionPagination(KeysetPagination):
    """`?cursor=...&page_size=50` in the order of the manifest."""

    ordering: Any = ("position",)


class ImageListView(ListAPIView):
    """Images of a version, filtered by class, split, text, finding and size of boxes."""

    serializer_class = serializers.ImageSerializer
    pagination_class = PositionPagination
    filter_backends: list[Any] = []
    queryset = DatasetImage.objects.none()

    @extend_schema(parameters=[serializers.ImageQuerySerializer])
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """A page of images."""
        form = parsed(serializers.ImageQuerySerializer(data=request.query_params))
        dataset = selectors.visible_dataset(request.user, id)
        self.version = selectors.version_of(dataset, form.pop("version", None))
        self.filters = ImageFilters(*(form.get(key, "") for key in ("class", "split", "q", "finding", "size")))
        return self.list(request)

    def get_queryset(self) -> Any:
        """The images that pass the filters."""
        return self.filters.apply(self.version)

    def get_serializer_context(self) -> dict[str, Any]:
        """Names of classes come from the version."""
        return {**super().get_serializer_context(), "version": getattr(self, "version", None)}


class ImageView(APIView):
    """One image."""

    @extend_schema(responses=serializers.ImageSerializer)
    def get(self, request: Request, id: uuid.UUID, image_id: uuid.UUID) -> Response:
        """Facts and addresses."""
        image = selectors.visible_image(request.user, id, image_id)
        return Response(serializers.ImageSerializer(image, context={"version": image.version}).data)


class ThumbnailView(APIView):
    """A small picture of an image."""

    @extend_schema(
        parameters=[serializers.ThumbnailQuerySerializer],
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY, (200, "image/png"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, id: uuid.UUID, image_id: uuid.UUID) -> Any:
        """Made when first asked for, then kept."""
        size = parsed(serializers.ThumbnailQuerySerializer(data=request.query_params))["size"]
        image = selectors.visible_image(request.user, id, image_id)
        return thumbnail_response(request, image.version, image, size)


class ImageFileView(APIView):
    """An image as it was imported."""

    @extend_schema(responses={(200, "image/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID, image_id: uuid.UUID) -> Any:
        """The bytes, with the type that was found in them."""
        image = selectors.visible_image(request.user, id, image_id)
        return original_response(request, image.version, image)


class VersionListView(ListAPIView):
    """Versions of a data set, newest first."""

    serializer_class = serializers.VersionSerializer
    queryset = DatasetVersion.objects.none()
    filter_backends: list[Any] = []

    def get_queryset(self) -> Any:
        """Versions without their statistics; 404 for what the person may not see."""
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return selectors.versions_of(selectors.visible_dataset(self.request.user, self.kwargs["id"]))

    @extend_schema(request=serializers.NewVersionSerializer, responses={201: serializers.VersionSerializer})
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """A new version from the same images, with other options or after files have changed."""
        form = parsed(serializers.NewVersionSerializer(data=request.data))
        version = import_again(selectors.visible_dataset(request.user, id), dict(form.get("options", {})))
        return Response(serializers.VersionSerializer(version).data, status.HTTP_201_CREATED)


class VersionView(APIView):
    """One version."""

    @extend_schema(responses=serializers.VersionSerializer)
    def get(self, request: Request, id: uuid.UUID, number: int) -> Response:
        """Read."""
        version = selectors.version_of(selectors.visible_dataset(request.user, id), number)
        return Response(serializers.VersionSerializer(version).data)


class RetryView(APIView):
    """A failed import, once more."""

    @extend_schema(request=serializers.NewVersionSerializer, responses={202: serializers.VersionSerializer})
    def post(self, request: Request, id: uuid.UUID, number: int) -> Response:
        """Start it again, for example with ``{"options": {"accept_rejects": true}}``."""
        form = parsed(serializers.NewVersionSerializer(data=request.data))
        version = selectors.version_of(selectors.visible_dataset(request.user, id), number)
        retry_import(version, dict(form.get("options", {})))
        return Response(serializers.VersionSerializer(version).data, status.HTTP_202_ACCEPTED)


class CurrentView(APIView):
    """Which version is in use."""

    @extend_schema(request=None, responses=serializers.VersionSerializer)
    def post(self, request: Request, id: uuid.UUID, number: int) -> Response:
        """Take this one: back behind a correction, or forward again."""
        version = selectors.version_of(selectors.visible_dataset(request.user, id), number)
        choose_version(version)
        return Response(serializers.VersionSerializer(version).data)


class RejectsView(APIView):
    """What could not be used."""

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, id: uuid.UUID, number: int) -> Any:
        """CSV with path, reason and cure."""
        version = selectors.version_of(selectors.visible_dataset(request.user, id), number)
        name = f"rejects-v{number}.csv"
        return file_response(request, selectors.rejects_file(version), name, "text/csv; charset=utf-8")
