"""Recognise and search over REST."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from anime import selectors
from anime.api import image_serializers as forms
from anime.api.filters import RecognitionFilter
from anime.api.serializers import parsed
from anime.api.uploads import ImagesFormView
from anime.media import JPEG, PNG, image_response
from anime.models import Recognition
from anime.services.recognise import correct_recognition, delete_recognition, recognise
from anime.services.search import search
from anime.storage import content_of, map_file, square_file, view_file
from cvstudio.accounts.current import current_user
from cvstudio.common.api.pagination import KeysetPagination
from cvstudio.common.api.parsers import LimitedJSONParser


class RecogniseView(ImagesFormView):
    """An image that somebody sends."""

    @extend_schema(
        request={"multipart/form-data": forms.RecogniseSerializer}, responses={201: forms.RecognitionSerializer}
    )
    def post(self, request: Request) -> Response:
        """Say who it is, how sure that is, and which known images are nearest; image and answer are kept."""
        form = parsed(forms.RecogniseSerializer(data=request.data))
        version = selectors.visible_recogniser(request.user, form["recogniser"])
        collection = selectors.visible_collection(request.user, form["collection"]) if "collection" in form else None
        image = form["image"]
        made = recognise(
            current_user(request), version, image.read(), text=form["text"], file_name=image.name or "",
            collection=collection,
        )  # fmt: skip
        return Response(forms.RecognitionSerializer(made).data, status.HTTP_201_CREATED)


class RecognitionListView(ListAPIView):
    """All that a person had recognised, newest first."""

    serializer_class = forms.RecognitionSerializer
    filterset_class = RecognitionFilter
    pagination_class = KeysetPagination
    queryset = Recognition.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_recognitions(self.request.user)


class RecognitionView(APIView):
    """One recognition."""

    @extend_schema(responses=forms.RecognitionSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return Response(forms.RecognitionSerializer(selectors.visible_recognition(request.user, id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Forget it with its image."""
        delete_recognition(selectors.visible_recognition(request.user, id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class CorrectRecognitionView(APIView):
    """Who it really is."""

    @extend_schema(request=forms.CorrectRecognitionSerializer, responses=forms.RecognitionSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Say it; the image waits to become one of the collection's."""
        form = parsed(forms.CorrectRecognitionSerializer(data=request.data))
        row = selectors.visible_recognition(request.user, id)
        collection = selectors.ready_collection(request.user, form["collection"])
        return Response(forms.RecognitionSerializer(correct_recognition(row, collection, form["character"])).data)


class _FileView(APIView):
    """A file of a recognition."""

    place: Callable[[uuid.UUID], Path]
    media_type = PNG

    def _response(self, request: Request, id: uuid.UUID) -> HttpResponse:
        row = selectors.visible_recognition(request.user, id)
        return image_response(content_of(type(self).place(row.id), "The image"), self.media_type)


class RecognitionImageView(_FileView):
    """The image."""

    place = staticmethod(view_file)
    media_type = JPEG

    @extend_schema(responses={(200, JPEG): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Small enough for a page."""
        return self._response(request, id)


class RecognitionSquareView(_FileView):
    """What the recogniser saw."""

    place = staticmethod(square_file)

    @extend_schema(responses={(200, PNG): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """A square; 404 without one."""
        return self._response(request, id)


class RecognitionMapView(_FileView):
    """Where the recogniser looked."""

    place = staticmethod(map_file)

    @extend_schema(responses={(200, PNG): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Grey, over the square; 404 for a recogniser without a network."""
        return self._response(request, id)


class SearchView(ImagesFormView):
    """Images of a collection."""

    parser_classes = [LimitedJSONParser, MultiPartParser]

    @extend_schema(
        request={"application/json": forms.SearchSerializer, "multipart/form-data": forms.SearchSerializer},
        responses=forms.FoundSerializer(many=True),
    )
    def post(self, request: Request) -> Response:
        """By words about their characters, or by an image that they should be like; best first."""
        form = parsed(forms.SearchSerializer(data=request.data))
        collection = selectors.ready_collection(request.user, form["collection"])
        content = form["image"].read() if "image" in form else None
        found = search(current_user(request), collection, words=form["words"], image=content, limit=form["limit"])
        return Response(forms.FoundSerializer(found, many=True).data)
