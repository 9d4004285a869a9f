"""Chains over REST."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.accounts.current import current_user
from cvstudio.common.api.pagination import KeysetPagination
from hsi import selectors
from hsi.api import map_serializers as forms
from hsi.api.filters import PipelineFilter
from hsi.api.serializers import parsed
from hsi.models import Pipeline
from hsi.services.control_pipeline import control_pipeline
from hsi.services.delete_pipeline import delete_pipeline
from hsi.services.start_pipeline import estimate, preset_settings, start_pipeline


class PresetsView(APIView):
    """Named settings."""

    @extend_schema(responses=forms.PresetSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The settings of every stage for a processor, for a GPU, and those of the specification."""
        return Response(forms.PresetSerializer(preset_settings(), many=True).data)


class PipelineListView(ListAPIView):
    """All chains of a person, newest first."""

    serializer_class = forms.PipelineSerializer
    filterset_class = PipelineFilter
    pagination_class = KeysetPagination
    queryset = Pipeline.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_pipelines(self.request.user)

    @extend_schema(request=forms.NewPipelineSerializer, responses={201: forms.PipelineSerializer})
    def post(self, request: Request) -> Response:
        """Start tokenizer, pre-training, detector and maps, each as a run when the one before has ended."""
        form = with_scenes(request, parsed(forms.NewPipelineSerializer(data=request.data)))
        for name, task in (("tokenizer", selectors.TOKENIZER), ("encoder", selectors.PRETRAIN)):
            form[name] = selectors.visible_weight(request.user, form[name], task) if form[name] else None
        pipeline = start_pipeline(current_user(request), **form)
        return answer(request, pipeline.id, status.HTTP_201_CREATED)


class EstimateView(APIView):
    """How long a chain will take."""

    @extend_schema(request=forms.EstimateQuerySerializer, responses=forms.StageEstimateSerializer(many=True))
    def post(self, request: Request) -> Response:
        """Seconds of each stage; starts nothing."""
        form = with_scenes(request, parsed(forms.EstimateQuerySerializer(data=request.data)))
        return Response(estimate(**form))


class PipelineView(APIView):
    """One chain."""

    @extend_schema(responses=forms.PipelineSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return answer(request, id)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Forget it; its weights, maps and runs stay. 409 while it is at work."""
        delete_pipeline(selectors.visible_pipeline(request.user, id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ControlView(APIView):
    """What a chain is asked for."""

    @extend_schema(request=forms.ActionSerializer, responses=forms.PipelineSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Pause, resume, stop, or retry what failed."""
        form = parsed(forms.ActionSerializer(data=request.data))
        control_pipeline(selectors.visible_pipeline(request.user, id), form["action"])
        return answer(request, id)


def with_scenes(request: Request, form: dict[str, Any]) -> dict[str, Any]:
    """The form with scenes instead of their ids; 404 for what the person may not see."""
    for name in ("scenes", "targets"):
        form[name] = selectors.visible_scenes(request.user, form[name])
    return form


def answer(request: Request, pipeline_id: uuid.UUID, code: int = status.HTTP_200_OK) -> Response:
    """The chain as it now is."""
    return Response(forms.PipelineSerializer(selectors.visible_pipeline(request.user, pipeline_id)).data, code)
