"""Recognisers, generators and trainings over REST."""

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
from anime.api import model_serializers as forms
from anime.api.filters import TrainingFilter
from anime.api.serializers import parsed
from anime.media import PNG, image_response
from anime.models import Training
from anime.services.activation import activation_map
from anime.services.delete_training import delete_training
from anime.services.read_report import comparison_of, report_of
from anime.services.start_training import start_training
from cvstudio.accounts.current import current_user
from cvstudio.common.api.pagination import KeysetPagination
from cvstudio.weights.models import WeightVersion


class _ModelListView(ListAPIView):
    """Weights with the trainings that left them, newest first."""

    serializer_class = forms.RecogniserSerializer
    pagination_class = KeysetPagination
    queryset = WeightVersion.objects.none()

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Rows of a page."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        context = {"trainings": selectors.trainings_of(request.user, list(page))}
        return self.get_paginated_response(forms.RecogniserSerializer(page, many=True, context=context).data)


class RecogniserListView(_ModelListView):
    """All recognisers of a person, newest first."""

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_recognisers(self.request.user)


class GeneratorListView(_ModelListView):
    """All generators of a person, newest first."""

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_generators(self.request.user)


class RecogniserView(APIView):
    """One recogniser."""

    @extend_schema(responses=forms.RecogniserSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return described(request, selectors.visible_recogniser(request.user, id))


class GeneratorView(APIView):
    """One generator."""

    @extend_schema(responses=forms.RecogniserSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return described(request, selectors.visible_generator(request.user, id))


class RecogniserReportView(APIView):
    """How good a recogniser is."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Scores by character and source, confusion, calibration, worst cases; empty for one that was uploaded."""
        return Response(report_of(selectors.visible_recogniser(request.user, id)))


class GeneratorReportView(APIView):
    """How good a generator is."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Agreement of a second classifier, diversity, nearest training images; empty for one that was uploaded."""
        return Response(report_of(selectors.visible_generator(request.user, id)))


class ActivationView(APIView):
    """Where a recogniser looks."""

    @extend_schema(
        parameters=[forms.ActivationQuerySerializer],
        responses={(200, PNG): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """A grey image over the square that it sees."""
        version = selectors.visible_recogniser(request.user, id)
        form = parsed(forms.ActivationQuerySerializer(data=request.query_params))
        image = selectors.visible_image(request.user, form["image"]).image
        return image_response(activation_map(current_user(request), version, image))


class CompareView(APIView):
    """A small recogniser beside its teacher and beside itself alone."""

    @extend_schema(parameters=[forms.CompareQuerySerializer], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """teacher, student, student_alone with scores, sources, ms an image and MB, and a verdict."""
        form = parsed(forms.CompareQuerySerializer(data=request.query_params))
        return Response(comparison_of(selectors.visible_recogniser(request.user, form["student"])))


class TrainingListView(ListAPIView):
    """All trainings of a person, newest first."""

    serializer_class = forms.CharacterTrainingSerializer
    filterset_class = TrainingFilter
    pagination_class = KeysetPagination
    queryset = Training.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_trainings(self.request.user)

    @extend_schema(request=forms.NewCharacterTrainingSerializer, responses={202: forms.CharacterTrainingSerializer})
    def post(self, request: Request) -> Response:
        """Train a recogniser, a small one, one of image and words, or a generator."""
        form = parsed(forms.NewCharacterTrainingSerializer(data=request.data))
        collection = selectors.ready_collection(request.user, form.pop("collection"))
        if "recogniser" in form:
            form["recogniser"] = selectors.visible_recogniser(request.user, form["recogniser"])
        made = start_training(current_user(request), collection, **form)
        found = selectors.visible_training(request.user, made.id)
        return Response(forms.CharacterTrainingSerializer(found).data, status.HTTP_202_ACCEPTED)


class TrainingView(APIView):
    """One training."""

    @extend_schema(responses=forms.CharacterTrainingSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return Response(forms.CharacterTrainingSerializer(selectors.visible_training(request.user, id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Forget it; its weight and its run stay. 409 while it is at work."""
        delete_training(selectors.visible_training(request.user, id))
        return Response(status=status.HTTP_204_NO_CONTENT)


def described(request: Request, version: WeightVersion) -> Response:
    """A weight with its training."""
    context = {"trainings": selectors.trainings_of(request.user, [version])}
    return Response(forms.RecogniserSerializer(version, context=context).data)
