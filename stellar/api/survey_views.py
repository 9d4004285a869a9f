"""Surveys over REST: bring, read, change, delete."""

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

from cvstudio.accounts.current import current_user
from cvstudio.common.api.pagination import KeysetPagination
from cvstudio.datasets.api.files_form import FilesFormView
from stellar import selectors
from stellar.api import serializers
from stellar.api.filters import SurveyFilter
from stellar.api.serializers import parsed
from stellar.models import Survey
from stellar.services.change_survey import change_survey
from stellar.services.create_survey import create_from_folder, create_from_uploads, create_sample
from stellar.services.delete_survey import delete_survey
from stellar.services.finish_import import read_report
from stellar.services.read_means import read_survey_means
from stellar.services.receive_files import SurveyUpload
from stellar.services.start_import import start_import
from stellar.services.take_files import take_files


class SurveyUploadView(FilesFormView):
    """A view whose files go straight to their place on the disk."""

    new_upload = SurveyUpload
    upload: SurveyUpload


class SurveyListView(SurveyUploadView, ListAPIView):
    """All surveys of a person, newest first."""

    serializer_class = serializers.SurveyListSerializer
    filterset_class = SurveyFilter
    pagination_class = KeysetPagination
    queryset = Survey.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_surveys(self.request.user)

    @extend_schema(
        request={
            "multipart/form-data": serializers.SurveyUploadSerializer,
            "application/json": serializers.NewSurveySerializer,
        },
        responses={201: serializers.SurveySerializer},
    )
    def post(self, request: Request) -> Response:
        """Upload the files of a survey, name a place on the server, or make the sample; the import starts at once."""
        owner = current_user(request)
        form = parsed(new_survey_form(request)(data=request.data))
        if "file" in form:
            survey = create_from_uploads(owner, self.upload, name=form["name"])
        elif form["source"] == "sample":
            survey = create_sample(owner, name=form["name"], stars=form["stars"], seed=form["seed"])
        else:
            survey = create_from_folder(owner, form["path"], name=form["name"], files=form["files"])
        return answer(request, survey.id, status.HTTP_201_CREATED)


class SurveyView(APIView):
    """One survey."""

    @extend_schema(responses=serializers.SurveySerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return answer(request, id)

    @extend_schema(request=serializers.ChangeSurveySerializer, responses=serializers.SurveySerializer)
    def patch(self, request: Request, id: uuid.UUID) -> Response:
        """Rename or describe."""
        form = parsed(serializers.ChangeSurveySerializer(data=request.data))
        change_survey(selectors.visible_survey(request.user, id), **form)
        return answer(request, id)

    @extend_schema(responses={200: serializers.FreedSerializer})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Delete with its stars and predictions; 409 when a run is at work on it."""
        return Response({"bytes_freed": delete_survey(selectors.visible_survey(request.user, id))})


class RetryView(APIView):
    """The import of a survey."""

    @extend_schema(request=None, responses={202: serializers.SurveySerializer})
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Try again after a failure."""
        start_import(selectors.visible_survey(request.user, id))
        return answer(request, id, status.HTTP_202_ACCEPTED)


class FilesView(APIView):
    """The files of a survey."""

    @extend_schema(request=None, responses=serializers.ChangedSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Take in the spectra and images that a stopped download left; a completed one is taken in by itself."""
        return Response({"changed": take_files(selectors.ready_survey(request.user, id))})


class ReportView(APIView):
    """What the import found."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Rows and stars that were left out with their reasons, findings, counts."""
        return Response(read_report(selectors.ready_survey(request.user, id)))


class MeansView(APIView):
    """Mean spectra."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Of each class, at rest, in units of its median between 6500 and 8500 Angstrom."""
        return Response(read_survey_means(selectors.ready_survey(request.user, id)))


def new_survey_form(request: Request) -> Any:
    """Files make it an upload."""
    is_form = (request.content_type or "").startswith("multipart/")
    return serializers.SurveyUploadSerializer if is_form else serializers.NewSurveySerializer


def answer(request: Request, survey_id: uuid.UUID, code: int = status.HTTP_200_OK) -> Response:
    """The survey as it now is."""
    return Response(serializers.SurveySerializer(selectors.visible_survey(request.user, survey_id)).data, code)
