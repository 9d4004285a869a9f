"""Saved augmentations, and the catalogue of operations, over REST."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.datasets import selectors
from cvstudio.datasets.api.serializers import AugmentationSerializer, parsed, person
from cvstudio.datasets.models import AugmentationConfig
from cvstudio.datasets.services.save_augmentation import change_augmentation, save_augmentation
from ml_core.data.augment import PRESETS, catalogue


class OperationsView(APIView):
    """What there is to choose from."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Every operation with the JSON schema of its parameters, and the presets."""
        return Response({"operations": catalogue(), "presets": PRESETS})


class AugmentationListView(ListAPIView):
    """Saved augmentations of a person."""

    serializer_class = AugmentationSerializer
    filter_backends: list[Any] = []
    queryset = AugmentationConfig.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.visible_augmentations(self.request.user)

    @extend_schema(responses={201: AugmentationSerializer})
    def post(self, request: Request) -> Response:
        """Save one."""
        form = parsed(self.get_serializer(data=request.data))
        return Response(self.get_serializer(save_augmentation(person(request), **form)).data, status.HTTP_201_CREATED)


class AugmentationView(GenericAPIView):
    """One saved augmentation."""

    serializer_class = AugmentationSerializer
    queryset = AugmentationConfig.objects.none()
    lookup_field = "id"

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.visible_augmentations(self.request.user)

    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return Response(self.get_serializer(self.get_object()).data)

    def put(self, request: Request, id: uuid.UUID) -> Response:
        """Replace name and operations."""
        saved = self.get_object()
        form = parsed(self.get_serializer(data=request.data))
        return Response(self.get_serializer(change_augmentation(saved, **form)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Delete; runs keep the operations that they were started with."""
        self.get_object().delete()
        return Response(status=status.HTTP_204_NO_CONTENT)
