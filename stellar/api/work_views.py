"""Predictions, trainings and downloads over REST."""

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
from ml_core.stellar.presets import PRESETS, TITLES
from stellar import selectors
from stellar.api import work_serializers as forms
from stellar.api.filters import DownloadFilter, PredictionFilter, TrainingFilter
from stellar.api.serializers import FreedSerializer, parsed
from stellar.models import Download, Prediction, Training
from stellar.services.choose_stars import chosen_names
from stellar.services.delete_prediction import delete_prediction
from stellar.services.delete_training import delete_training
from stellar.services.read_prediction import read_embedding
from stellar.services.show_prediction import show_prediction
from stellar.services.start_download import start_download
from stellar.services.start_prediction import start_prediction
from stellar.services.start_training import start_training
from stellar.services.take_files import downloaded_stars


class PredictionListView(ListAPIView):
    """All predictions of a person, newest first."""

    serializer_class = forms.SurveyPredictionSerializer
    filterset_class = PredictionFilter
    pagination_class = KeysetPagination
    queryset = Prediction.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_predictions(self.request.user)

    @extend_schema(request=forms.NewPredictionSerializer, responses={202: forms.SurveyPredictionSerializer})
    def post(self, request: Request) -> Response:
        """Have a classifier look at the stars of a survey, or at some of them."""
        form = parsed(forms.NewPredictionSerializer(data=request.data))
        survey = selectors.visible_survey(request.user, form["survey"])
        classifier = selectors.visible_classifier(request.user, form["classifier"])
        names = chosen_names(survey, stars=form.get("stars"), filters=form.get("filter"))
        made = start_prediction(
            current_user(request), survey, classifier, modality=form["modality"], name=form["name"], names=names
        )
        found = selectors.visible_prediction(request.user, made.id)
        return Response(forms.SurveyPredictionSerializer(found).data, status.HTTP_202_ACCEPTED)


class PredictionView(APIView):
    """One prediction."""

    @extend_schema(responses=forms.SurveyPredictionSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return Response(forms.SurveyPredictionSerializer(selectors.visible_prediction(request.user, id)).data)

    @extend_schema(responses={200: FreedSerializer})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Delete it; 409 while its run is at work."""
        return Response({"bytes_freed": delete_prediction(selectors.visible_prediction(request.user, id))})


class ShowPredictionView(APIView):
    """What the table of stars shows."""

    @extend_schema(request=None, responses=forms.SurveyPredictionSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Show the answers of this prediction."""
        found = selectors.ready_prediction(request.user, id)
        show_prediction(found.survey, found)
        return Response(forms.SurveyPredictionSerializer(selectors.visible_prediction(request.user, id)).data)


class PredictionEmbeddingView(APIView):
    """The map of a prediction."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Columns: classes, stars, names, x, y, label, predicted, sn, novelty; -1 for unknown and for none."""
        return Response(read_embedding(selectors.ready_prediction(request.user, id)))


class TrainingListView(ListAPIView):
    """All trainings of a person, newest first."""

    serializer_class = forms.StarTrainingSerializer
    filterset_class = TrainingFilter
    pagination_class = KeysetPagination
    queryset = Training.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_trainings(self.request.user)

    @extend_schema(request=forms.NewTrainingSerializer, responses={202: forms.StarTrainingSerializer})
    def post(self, request: Request) -> Response:
        """Train a classifier on a survey."""
        form = parsed(forms.NewTrainingSerializer(data=request.data))
        survey = selectors.visible_survey(request.user, form.pop("survey"))
        made = start_training(current_user(request), survey, **form)
        found = selectors.visible_training(request.user, made.id)
        return Response(forms.StarTrainingSerializer(found).data, status.HTTP_202_ACCEPTED)


class TrainingView(APIView):
    """One training."""

    @extend_schema(responses=forms.StarTrainingSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return Response(forms.StarTrainingSerializer(selectors.visible_training(request.user, id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Forget it; its classifier and its run stay. 409 while it is at work."""
        delete_training(selectors.visible_training(request.user, id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class PresetsView(APIView):
    """Named sets of settings for trainings."""

    @extend_schema(responses=forms.ClassifierPresetSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The recommended one first."""
        rows = [{"name": name, "title": TITLES[name], "settings": dict(values)} for name, values in PRESETS.items()]
        return Response(forms.ClassifierPresetSerializer(rows, many=True).data)


class DownloadListView(ListAPIView):
    """All downloads of a person, newest first."""

    serializer_class = forms.DownloadSerializer
    filterset_class = DownloadFilter
    pagination_class = KeysetPagination
    queryset = Download.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_downloads(self.request.user)

    @extend_schema(request=forms.NewDownloadSerializer, responses={202: forms.DownloadSerializer})
    def post(self, request: Request) -> Response:
        """Fetch pictures or spectra of a survey's stars; 403 for another service than the known ones."""
        form = parsed(forms.NewDownloadSerializer(data=request.data))
        survey = selectors.visible_survey(request.user, form["survey"])
        names = chosen_names(survey, stars=form.get("stars"), filters=form.get("filter"))
        made = start_download(current_user(request), survey, form["kind"], settings=form["settings"], names=names)
        found = selectors.visible_download(request.user, made.id)
        return Response(forms.DownloadSerializer(found).data, status.HTTP_202_ACCEPTED)


class DownloadView(APIView):
    """One download."""

    @extend_schema(responses=forms.DownloadSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return Response(forms.DownloadSerializer(selectors.visible_download(request.user, id)).data)


class DownloadedView(APIView):
    """What came of each star."""

    @extend_schema(parameters=[forms.DownloadedQuerySerializer], responses=forms.DownloadedSerializer(many=True))
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """done, present, no_coverage, error or no_position, with the reason."""
        form = parsed(forms.DownloadedQuerySerializer(data=request.query_params))
        found = selectors.visible_download(request.user, id)
        return Response(forms.DownloadedSerializer(downloaded_stars(found, form["status"]), many=True).data)
