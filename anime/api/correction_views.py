"""Corrections of collections over REST: note them, apply them together, take them back."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from anime import selectors
from anime.api import serializers
from anime.api.collection_views import answer
from anime.api.pagination import NumberedKeyset
from anime.api.serializers import parsed
from anime.api.uploads import ImagesFormView, images_of
from anime.errors import NotFoundError
from anime.models import Correction
from anime.services.apply_corrections import apply_corrections
from anime.services.correct_images import add_images, leave_out, move_images
from anime.services.undo_corrections import undo
from cvstudio.datasets.services.choose_version import choose_version


class CorrectionListView(ListAPIView):
    """Corrections of a collection, newest first."""

    serializer_class = serializers.CorrectionSerializer
    pagination_class = NumberedKeyset
    queryset = Correction.objects.none()

    def get_queryset(self) -> Any:
        """Rows of a collection that the person may see."""
        if "id" not in self.kwargs:
            return Correction.objects.none()  # for the schema
        return selectors.corrections_of(selectors.visible_collection(self.request.user, self.kwargs["id"]))

    @extend_schema(
        request=serializers.NewCorrectionSerializer, responses={201: serializers.CorrectionSerializer(many=True)}
    )
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Say that images show somebody else, or do not belong; it waits until it is applied."""
        form = parsed(serializers.NewCorrectionSerializer(data=request.data))
        collection = selectors.ready_collection(request.user, id)
        images = selectors.chosen_images(collection, form["images"])
        made = (
            move_images(collection, images, form["character"])
            if form["do"] == "move"
            else leave_out(collection, images)
        )
        return Response(serializers.CorrectionSerializer(made, many=True).data, status.HTTP_201_CREATED)


class ApplyView(APIView):
    """The next version of a collection."""

    @extend_schema(request=None, responses={202: serializers.CollectionSerializer})
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Make it from the corrections that wait."""
        apply_corrections(selectors.ready_collection(request.user, id))
        return answer(request, id, status.HTTP_202_ACCEPTED)


class UndoView(APIView):
    """The last corrections."""

    @extend_schema(request=None, responses=serializers.CorrectionSerializer(many=True))
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Forget those that wait, or go back to the version before."""
        taken = undo(selectors.ready_collection(request.user, id))
        return Response(serializers.CorrectionSerializer(taken, many=True).data)


class RestoreView(APIView):
    """The version of a collection that is in use."""

    @extend_schema(request=serializers.VersionSerializer, responses=serializers.CollectionSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Use another one."""
        form = parsed(serializers.VersionSerializer(data=request.data))
        collection = selectors.ready_collection(request.user, id)
        version = collection.dataset.versions.filter(number=form["version"]).first()
        if version is None:
            raise NotFoundError("The collection has no such version.", where="version", hint="Look at its versions.")
        choose_version(version)
        return answer(request, id)


class AddImagesView(ImagesFormView):
    """Further images of a character."""

    most_images = 100

    @extend_schema(
        request={"multipart/form-data": serializers.AddImagesSerializer},
        responses={201: serializers.CorrectionSerializer(many=True)},
    )
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Bring images of a character, known or new; they wait for the next version."""
        form = parsed(serializers.AddImagesSerializer(data=request.data))
        collection = selectors.ready_collection(request.user, id)
        made = add_images(collection, form["character"], images_of(form["image"]))
        return Response(serializers.CorrectionSerializer(made, many=True).data, status.HTTP_201_CREATED)
