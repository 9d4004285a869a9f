"""Weights endpoints: parse, call one service, render."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.accounts.current import current_user
from cvstudio.common.api.pagination import KeysetPagination
from cvstudio.common.file_response import file_response
from cvstudio.weights.api import serializers
from cvstudio.weights.api.filters import WeightFilter
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.selectors import versions_for, weight_tree
from cvstudio.weights.services.delete_weight import delete_weight
from cvstudio.weights.services.download_weight import PARTS, prepare_download
from cvstudio.weights.services.export_weight import export_weight
from cvstudio.weights.services.upload_weight import Described, refuse_length, upload_weight


class WeightListView(ListAPIView[WeightVersion]):
    """Versions of weights, newest first."""

    serializer_class = serializers.WeightListSerializer
    pagination_class = KeysetPagination
    filterset_class = WeightFilter

    def get_queryset(self) -> QuerySet[WeightVersion]:
        """Versions that the person may see."""
        return versions_for(self.request.user)


class WeightTreeView(APIView):
    """The library as a tree."""

    @extend_schema(responses=serializers.TreeSerializer)
    def get(self, request: Request) -> Response:
        """Architecture, data set, weight, versions."""
        return Response(serializers.TreeSerializer(weight_tree(request.user)).data)


class WeightUploadView(APIView):
    """Bring weights from elsewhere."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        request={"multipart/form-data": serializers.UploadSerializer},
        responses={201: serializers.WeightDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """Check the file against the architecture and store it. A `.pth` is converted in a sandbox."""
        refuse_length(int(request.META.get("CONTENT_LENGTH") or 0))
        form = serializers.UploadSerializer(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        values: dict[str, Any] = dict(form.validated_data)
        version = upload_weight(
            owner=request.user,  # type: ignore[arg-type]
            file=values.pop("file"),
            architecture_version=values.pop("architecture_version"),
            described=Described(**values),
        )
        stored = versions_for(request.user).get(id=version.id)
        return Response(serializers.WeightDetailSerializer(stored).data, status.HTTP_201_CREATED)


class WeightDetailView(APIView):
    """One version."""

    @extend_schema(responses=serializers.WeightDetailSerializer)
    def get(self, request: Request, weight_id: UUID) -> Response:
        """Facts, classes, preprocessing, metrics and where it came from."""
        version = get_object_or_404(versions_for(request.user), id=weight_id)
        return Response(serializers.WeightDetailSerializer(version).data)

    @extend_schema(
        parameters=[OpenApiParameter("dependants", enum=["delete"], description="Remove what stands on it as well.")],
        responses={200: serializers.DeletionSerializer},
    )
    def delete(self, request: Request, weight_id: UUID) -> Response:
        """Delete it. Answers 409 with a list while other things stand on it."""
        version = get_object_or_404(versions_for(request.user), id=weight_id)
        deletion = delete_weight(version, with_dependants=request.query_params.get("dependants") == "delete")
        return Response(asdict(deletion))


class WeightDownloadView(APIView):
    """The files of one version."""

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "part", enum=list(PARTS),
                description="folder: the weight folder as a zip; safetensors: the tensors alone; package: a program "
                "with the weights that runs without this platform; card: what is recorded about it, as Markdown.",
            )
        ],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )  # fmt: skip
    def get(self, request: Request, weight_id: UUID) -> StreamingHttpResponse:
        """Download it."""
        version = get_object_or_404(versions_for(request.user), id=weight_id)
        found = prepare_download(version, request.query_params.get("part", "folder"))
        return file_response(request, found.path, found.name, found.media_type, afterwards=found.discard)


class WeightExportView(APIView):
    """A version in formats of other programs."""

    @extend_schema(request=None, responses={202: serializers.ExportSerializer})
    def post(self, request: Request, weight_id: UUID) -> Response:
        """Queue it. The run leaves ``export.zip`` (ONNX, torch.export) and ``parity.json`` among its artifacts."""
        version = get_object_or_404(versions_for(request.user), id=weight_id)
        run = export_weight(version, current_user(request))
        return Response(serializers.ExportSerializer({"run": run.id}).data, status.HTTP_202_ACCEPTED)
