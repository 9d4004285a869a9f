"""What a run leaves: curves, log, checkpoints, artifacts."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.common.file_response import file_response
from cvstudio.runs.curves.read import CurveWindow, read_curves
from cvstudio.runs.models import Artifact, Checkpoint
from cvstudio.runs.selectors import LogWish, log_lines
from cvstudio.runs.services.download_file import FoundFile, find_artifact, pack_checkpoint
from cvstudio.training.api import serializers
from cvstudio.training.api.serializers import parsed
from cvstudio.training.api.views import visible_run

BINARY = OpenApiResponse(OpenApiTypes.BINARY, description="The file.")


def sent(request: Request, found: FoundFile) -> StreamingHttpResponse:
    """A download, or an image in place."""
    return file_response(
        request, found.path, found.name, found.media_type, attachment=not found.is_shown, afterwards=found.discard
    )


class MetricsView(APIView):
    """Curves."""

    @extend_schema(parameters=[serializers.MetricsQuerySerializer], responses=serializers.MetricsSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Curves of a run, thinned to what a screen can show, with the smallest and largest values kept."""
        run = visible_run(request, id)
        form = parsed(serializers.MetricsQuerySerializer(data=request.query_params))
        window = CurveWindow(form["names"] or (), form["scope"], form.get("from"), form.get("to"), form["points"])
        return Response({"run": str(run.id), "curves": read_curves(run.id, window)})


class LogsView(APIView):
    """The log."""

    @extend_schema(parameters=[serializers.LogQuerySerializer], responses=serializers.LogPageSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Lines of the log in order: from `after` on, or the newest below `before`."""
        run = visible_run(request, id)
        form = parsed(serializers.LogQuerySerializer(data=request.query_params))
        limit = form.pop("page_size")
        lines = log_lines(run, LogWish(**form, limit=limit))
        is_full = len(lines) == limit
        answer = {
            "results": serializers.LogLineSerializer(lines, many=True).data,
            "next_after": lines[-1].seq if lines and is_full else None,
            "next_before": lines[0].seq if lines and is_full else None,
        }
        return Response(answer)


class CheckpointListView(ListAPIView):
    """Checkpoints, the latest first; removed ones are marked."""

    serializer_class = serializers.CheckpointSerializer
    filter_backends: list[Any] = []
    queryset = Checkpoint.objects.none()

    def get_queryset(self) -> Any:
        """Those of a run that the person may see."""
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        run = visible_run(self.request, self.kwargs["id"])
        return Checkpoint.objects.visible_to(self.request.user).filter(run=run).order_by("-step", "-created_at")


class CheckpointFileView(APIView):
    """A checkpoint as a file."""

    @extend_schema(responses={(200, "application/zip"): BINARY})
    def get(self, request: Request, id: uuid.UUID, file_id: uuid.UUID) -> StreamingHttpResponse:
        """Download the folder of a checkpoint as a zip."""
        checkpoints = Checkpoint.objects.visible_to(request.user).filter(run_id=id)
        return sent(request, pack_checkpoint(get_object_or_404(checkpoints, id=file_id)))


class ArtifactListView(ListAPIView):
    """Artifacts by name."""

    serializer_class = serializers.ArtifactSerializer
    filter_backends: list[Any] = []
    queryset = Artifact.objects.none()

    def get_queryset(self) -> Any:
        """Those of a run that the person may see."""
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        run = visible_run(self.request, self.kwargs["id"])
        return Artifact.objects.visible_to(self.request.user).filter(run=run).order_by("name", "id")


class ArtifactFileView(APIView):
    """An artifact as a file."""

    @extend_schema(parameters=[serializers.FileQuerySerializer], responses={(200, "application/octet-stream"): BINARY})
    def get(self, request: Request, id: uuid.UUID, file_id: uuid.UUID) -> StreamingHttpResponse:
        """Download an artifact; an image may be shown in place."""
        form = parsed(serializers.FileQuerySerializer(data=request.query_params))
        artifacts = Artifact.objects.visible_to(request.user).filter(run_id=id)
        return sent(request, find_artifact(get_object_or_404(artifacts, id=file_id), show=form["show"]))
