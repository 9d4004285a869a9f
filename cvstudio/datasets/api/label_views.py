"""Boxes over REST: what is said of an image, corrections of a version, differences, exports."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.datasets import selectors
from cvstudio.datasets.api import label_serializers, serializers
from cvstudio.datasets.api.serializers import parsed
from cvstudio.datasets.models import DatasetExport, DatasetVersion
from cvstudio.datasets.services.compare_versions import compare_versions
from cvstudio.datasets.services.revise_version import revise_version
from cvstudio.datasets.services.start_doubts import start_doubts
from cvstudio.datasets.services.start_export import start_export
from cvstudio.datasets.shapes import open_table, shapes_of
from ml_core.data.doubts.report import read_doubts


class AnnotationsView(APIView):
    """Boxes, polygons and masks of one image."""

    @extend_schema(responses=label_serializers.AnnotationsSerializer)
    def get(self, request: Request, id: uuid.UUID, image_id: uuid.UUID) -> Response:
        """In pixels of the upright image; empty for data sets of one class an image."""
        image = selectors.visible_image(request.user, id, image_id)
        has_boxes = image.version.task == DatasetVersion.Task.DETECT
        shapes = shapes_of(open_table(image.version), image) if has_boxes else []
        answer = {"width": image.width, "height": image.height, "classes": image.version.classes, "annotations": shapes}
        return Response(label_serializers.AnnotationsSerializer(answer).data)


class RevisionView(APIView):
    """Corrections of a version."""

    @extend_schema(request=label_serializers.RevisionSerializer, responses={201: serializers.VersionSerializer})
    def post(self, request: Request, id: uuid.UUID, number: int) -> Response:
        """Make the next version from this one by fixes and changes; this one stays."""
        form = parsed(label_serializers.RevisionSerializer(data=request.data))
        version = selectors.version_of(selectors.visible_dataset(request.user, id), number)
        made = revise_version(version, fixes=form["fixes"], changes=form["changes"])
        return Response(serializers.VersionSerializer(made).data, status.HTTP_201_CREATED)


class DoubtsView(APIView):
    """Labels that are likely wrong."""

    @extend_schema(responses=label_serializers.DoubtsSerializer)
    def get(self, request: Request, id: uuid.UUID, number: int) -> Response:
        """What was found, with all suggestions; empty until a search has ended."""
        version = selectors.version_of(selectors.visible_dataset(request.user, id), number)
        findings = read_doubts(Path(version.folder))
        facts = {key: version.doubts[key] for key in ("judged", "agreement", "recall") if key in version.doubts}
        return Response({"run": version.doubts_run_id, **facts, "findings": findings})

    @extend_schema(request=label_serializers.NewDoubtsSerializer, responses={202: serializers.RunIdSerializer})
    def post(self, request: Request, id: uuid.UUID, number: int) -> Response:
        """Look for them: predict each image by what has not learnt from it."""
        form = parsed(label_serializers.NewDoubtsSerializer(data=request.data))
        version = selectors.version_of(selectors.visible_dataset(request.user, id), number)
        return Response({"run": start_doubts(version, request.user, **form).id}, status.HTTP_202_ACCEPTED)


class DifferenceView(APIView):
    """What differs between two versions."""

    @extend_schema(parameters=[label_serializers.DifferenceQuerySerializer], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID, number: int) -> Response:
        """From the version ``old``, or the one that this was corrected from, or the one before, to this one."""
        old = parsed(label_serializers.DifferenceQuerySerializer(data=request.query_params)).get("old")
        dataset = selectors.visible_dataset(request.user, id)
        new = selectors.version_of(dataset, number)
        before = new.parent.number if new.parent else max(1, number - 1)
        return Response(compare_versions(selectors.version_of(dataset, old or before), new))


class ExportListView(ListAPIView):
    """What a version was written as."""

    serializer_class = label_serializers.ExportSerializer
    queryset = DatasetExport.objects.none()
    filter_backends: list[Any] = []

    def get_queryset(self) -> Any:
        """Exports, newest first; 404 for what the person may not see."""
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        dataset = selectors.visible_dataset(self.request.user, self.kwargs["id"])
        return selectors.exports_of(selectors.version_of(dataset, self.kwargs["number"]))

    @extend_schema(request=label_serializers.NewExportSerializer, responses={202: label_serializers.ExportSerializer})
    def post(self, request: Request, id: uuid.UUID, number: int) -> Response:
        """Write the version in a layout; what is lost is in the report."""
        form = parsed(label_serializers.NewExportSerializer(data=request.data))
        version = selectors.version_of(selectors.visible_dataset(request.user, id), number)
        made = start_export(version, form["format"], boxes_only=form["boxes_only"])
        return Response(label_serializers.ExportSerializer(made).data, status.HTTP_202_ACCEPTED)
