"""Classifiers over REST: what was trained, how good it is, and what it says of uploaded files."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.accounts.current import current_user
from cvstudio.common.api.pagination import KeysetPagination
from cvstudio.inference.limits import limits
from cvstudio.weights.models import WeightVersion
from stellar import selectors
from stellar.api import work_serializers as forms
from stellar.api.serializers import parsed
from stellar.errors import StellarError
from stellar.services.classify_star import StarFiles, classify_files, classify_star
from stellar.services.read_prediction import read_classifier_map
from stellar.services.read_report import classifier_report


class ClassifierListView(ListAPIView):
    """All classifiers of a person, newest first."""

    serializer_class = forms.ClassifierSerializer
    pagination_class = KeysetPagination
    queryset = WeightVersion.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_classifiers(self.request.user)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Rows of a page with their trainings."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        context = {"trainings": selectors.trainings_of(request.user, list(page))}
        return self.get_paginated_response(forms.ClassifierSerializer(page, many=True, context=context).data)


class ClassifierView(APIView):
    """One classifier."""

    @extend_schema(responses=forms.ClassifierSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        found = selectors.visible_classifier(request.user, id)
        context = {"trainings": selectors.trainings_of(request.user, [found])}
        return Response(forms.ClassifierSerializer(found, context=context).data)


class ClassifierReportView(APIView):
    """How good a classifier is."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Scores by group of S/N and modality, confusion, calibration, and the worst cases with ids of their stars."""
        found = selectors.visible_classifier(request.user, id)
        training = selectors.trainings_of(request.user, [found]).get(found.id)
        return Response(classifier_report(found, training.survey if training else None))


class ClassifierEmbeddingView(APIView):
    """The map of a classifier's own stars."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Columns as of a prediction's map, and split: train or val."""
        found = selectors.visible_classifier(request.user, id)
        training = selectors.trainings_of(request.user, [found]).get(found.id)
        return Response(read_classifier_map(found, training.survey if training else None))


class ClassifyView(APIView):
    """Uploaded files of one star."""

    parser_classes = [MultiPartParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Turn away what is too large by its own word, before its form is read."""
        super().initial(request, *args, **kwargs)
        length = request.META.get("CONTENT_LENGTH") or ""
        if length.isdecimal() and int(length) > 2 * limits().max_image_bytes + (64 << 10):
            raise StellarError("The files are larger than what is taken.", code="upload.too_large", where="spectrum",
                               hint="Send the spectrum and the image of one star.")  # fmt: skip

    @extend_schema(request={"multipart/form-data": forms.ClassifySerializer}, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """Classify a spectrum, a picture or both; nothing is kept."""
        form = parsed(forms.ClassifySerializer(data=request.data))
        version = selectors.visible_classifier(request.user, form["classifier"])
        spectrum, image = form.get("spectrum"), form.get("image")
        files = StarFiles(
            spectrum=spectrum.read() if spectrum else None, spectrum_name=spectrum.name[-200:] if spectrum else "",
            image=image.read() if image else None, image_name=image.name[-200:] if image else "",
            magnitudes={band: form[f"{band}_mag"] for band in "griz" if f"{band}_mag" in form},
        )  # fmt: skip
        return Response(classify_files(current_user(request), version, files, attribution=form["attribution"]))


class AttributionView(APIView):
    """What an answer rests on."""

    @extend_schema(parameters=[forms.AttributionQuerySerializer], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """The classifier looks at the star again and says which parts of spectrum and picture decided."""
        form = parsed(forms.AttributionQuerySerializer(data=request.query_params))
        star = selectors.visible_star(request.user, id)
        if form["classifier"] is not None:
            version = selectors.visible_classifier(request.user, form["classifier"])
        else:
            version = selectors.prediction_of(star.survey, request.user).classifier
        return Response(classify_star(current_user(request), version, star))
