"""Drawn images over REST."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from anime import selectors
from anime.api import image_serializers as forms
from anime.api.filters import GeneratedFilter
from anime.api.serializers import parsed
from anime.media import PNG, image_response
from anime.models import GeneratedImage
from anime.services.generate import generate
from anime.services.generated import delete_generated, set_favourite
from anime.storage import content_of, generated_file
from cvstudio.accounts.current import current_user
from cvstudio.common.api.pagination import KeysetPagination


class GenerateView(APIView):
    """New images."""

    @extend_schema(request=forms.GenerateSerializer, responses={201: forms.GeneratedSerializer(many=True)})
    def post(self, request: Request) -> Response:
        """Draw one image a seed, or a walk between two seeds; they are kept."""
        form = parsed(forms.GenerateSerializer(data=request.data))
        version = selectors.visible_generator(request.user, form["generator"])
        between = (form["between"][0], form["between"][1], form["steps"]) if "between" in form else None
        seeds = form.get("seeds") or [form["seed"] + at for at in range(form["count"])]
        made = generate(
            current_user(request), version, form["character"], seeds=seeds, truncation=form["truncation"],
            interpolate=between,
        )  # fmt: skip
        return Response(forms.GeneratedSerializer(made, many=True).data, status.HTTP_201_CREATED)


class GeneratedListView(ListAPIView):
    """All images that a person had drawn, newest first."""

    serializer_class = forms.GeneratedSerializer
    filterset_class = GeneratedFilter
    pagination_class = KeysetPagination
    queryset = GeneratedImage.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_generated(self.request.user)


class GeneratedView(APIView):
    """One drawn image."""

    @extend_schema(responses=forms.GeneratedSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return Response(forms.GeneratedSerializer(selectors.visible_generated(request.user, id)).data)

    @extend_schema(request=forms.FavouriteSerializer, responses=forms.GeneratedSerializer)
    def patch(self, request: Request, id: uuid.UUID) -> Response:
        """Keep it among the favourites, or no longer."""
        form = parsed(forms.FavouriteSerializer(data=request.data))
        row = set_favourite(selectors.visible_generated(request.user, id), form["favourite"])
        return Response(forms.GeneratedSerializer(row).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Delete it."""
        delete_generated(selectors.visible_generated(request.user, id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class GeneratedImageView(APIView):
    """The file of a drawn image."""

    @extend_schema(responses={(200, PNG): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """As PNG."""
        row = selectors.visible_generated(request.user, id)
        return image_response(content_of(generated_file(row), "The image"))
