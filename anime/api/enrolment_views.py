"""Characters that are added to recognisers over REST, and removed from them."""

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
from anime.api import model_serializers as forms
from anime.api.collection_views import answer
from anime.api.filters import EnrolmentFilter
from anime.api.serializers import CollectionSerializer, parsed
from anime.api.uploads import ImagesFormView, images_of
from anime.models import Collection, Enrolment
from anime.services.start_enrolment import start_enrolment, start_removal
from anime.services.use_recogniser import use_recogniser
from cvstudio.accounts.current import current_user
from cvstudio.common.api.pagination import KeysetPagination


class EnrolView(ImagesFormView):
    """A new character of a recogniser."""

    most_images = 100

    @extend_schema(request={"multipart/form-data": forms.EnrolSerializer}, responses={202: forms.EnrolmentSerializer})
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Add somebody by a few images; a run makes the next version of the recogniser in seconds."""
        form = parsed(forms.EnrolSerializer(data=request.data))
        version = selectors.visible_recogniser(request.user, id)
        made = start_enrolment(
            current_user(request), version, name=form["name"], files=images_of(form["image"]),
            collection=_collection(request, form),
        )  # fmt: skip
        return _answer(request, made)


class RemoveView(APIView):
    """A character of a recogniser."""

    @extend_schema(request=forms.RemoveSerializer, responses={202: forms.EnrolmentSerializer})
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Forget it; the version before still knows it."""
        form = parsed(forms.RemoveSerializer(data=request.data))
        version = selectors.visible_recogniser(request.user, id)
        made = start_removal(current_user(request), version, form["name"], collection=_collection(request, form))
        return _answer(request, made)


class UseView(APIView):
    """The recogniser that a collection uses."""

    @extend_schema(request=forms.UseSerializer, responses=CollectionSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Use this version; with an earlier one, what was added since is taken back."""
        form = parsed(forms.UseSerializer(data=request.data))
        version = selectors.visible_recogniser(request.user, id)
        use_recogniser(selectors.visible_collection(request.user, form["collection"]), version)
        return answer(request, form["collection"])


class EnrolmentListView(ListAPIView):
    """Characters that were added and removed, newest first."""

    serializer_class = forms.EnrolmentSerializer
    filterset_class = EnrolmentFilter
    pagination_class = KeysetPagination
    queryset = Enrolment.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_enrolments(self.request.user)


class EnrolmentView(APIView):
    """One of them."""

    @extend_schema(responses=forms.EnrolmentSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read: how well it will be told apart, and from whom that is hard."""
        return Response(forms.EnrolmentSerializer(selectors.visible_enrolment(request.user, id)).data)


def _collection(request: Request, form: dict[str, Any]) -> Collection | None:
    return selectors.visible_collection(request.user, form["collection"]) if "collection" in form else None


def _answer(request: Request, made: Enrolment) -> Response:
    found = selectors.visible_enrolment(request.user, made.id)
    return Response(forms.EnrolmentSerializer(found).data, status.HTTP_202_ACCEPTED)
