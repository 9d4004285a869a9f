"""Data sets over REST."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.datasets import selectors
from cvstudio.datasets.api import preview_serializers, serializers
from cvstudio.datasets.api.filters import DatasetFilter
from cvstudio.datasets.api.parsers import (
    OctetBodyParser,
    ZipBodyParser,
    declared_length,
    discard_upload,
    prepare_upload,
)
from cvstudio.datasets.api.serializers import parsed, person
from cvstudio.datasets.models import Dataset
from cvstudio.datasets.services.change_dataset import change_dataset
from cvstudio.datasets.services.create_dataset import (
    add_version_from_upload,
    create_from_folder,
    create_from_upload,
    create_sample,
)
from cvstudio.datasets.services.delete_dataset import delete_dataset
from cvstudio.datasets.services.preview_augmentation import preview_augmentation
from cvstudio.datasets.services.receive_upload import refuse_large
from cvstudio.datasets.services.resolve_folder import view_folder
from cvstudio.datasets.services.start_statistics import start_statistics
from cvstudio.datasets.upload_handler import ReceivedArchive
from ml_core.errors import CodedError


class DatasetListView(ListAPIView):
    """All data sets of a person."""

    serializer_class = serializers.DatasetSummarySerializer
    filterset_class = DatasetFilter
    queryset = Dataset.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_datasets(self.request.user)

    @extend_schema(request=serializers.RegisterSerializer, responses={201: serializers.DatasetSerializer})
    def post(self, request: Request) -> Response:
        """Register a folder below an allowed root, or make the sample; the import starts at once."""
        form = parsed(serializers.RegisterSerializer(data=request.data))
        if form["source"] == "sample":
            dataset = create_sample(person(request), name=form["name"])
        else:
            facts = {key: form[key] for key in ("name", "description")}
            dataset = create_from_folder(person(request), form["path"], options=dict(form.get("options", {})), **facts)
        return answer(request, dataset.id, status.HTTP_201_CREATED)


class DatasetView(APIView):
    """One data set."""

    @extend_schema(responses=serializers.DatasetSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return answer(request, id)

    @extend_schema(request=serializers.ChangeSerializer, responses=serializers.DatasetSerializer)
    def patch(self, request: Request, id: uuid.UUID) -> Response:
        """Rename or describe."""
        form = parsed(serializers.ChangeSerializer(data=request.data))
        change_dataset(selectors.visible_dataset(request.user, id), **form)
        return answer(request, id)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Delete with all versions; 409 when runs need one or an import is at work."""
        delete_dataset(selectors.visible_dataset(request.user, id), person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class UploadView(APIView):
    """Upload a zip archive, as a form or as the bare body."""

    parser_classes = [MultiPartParser, ZipBodyParser, OctetBodyParser]

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """The session's CSRF check reads the form, so its files must find their way before."""
        prepare_upload(request)
        return super().initialize_request(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Leave nothing behind of what was refused."""
        discard_upload(getattr(request, "_request", request))
        return super().finalize_response(request, response, *args, **kwargs)

    @extend_schema(
        request={
            "multipart/form-data": serializers.UploadFormSerializer,
            "application/zip": OpenApiTypes.BINARY,
        },
        parameters=[serializers.UploadSerializer],
        responses={201: serializers.DatasetSerializer},
    )
    def post(self, request: Request) -> Response:
        """Store and judge the archive; unpacking and import go on as a run."""
        refuse_large(declared_length(request))
        archive = request.data.get("file") if isinstance(request.data, dict) else None
        if not isinstance(archive, ReceivedArchive):
            raise CodedError("The upload has no file.", code="upload.missing", hint="Send a zip archive.", where="file")
        form = parsed(serializers.UploadSerializer(data=request.data))
        target, name, description = form.pop("dataset", None), form.pop("name"), form.pop("description")
        if target is not None:
            dataset = add_version_from_upload(selectors.visible_dataset(request.user, target), archive.upload, form)
        else:
            facts = {"name": name or archive.label, "description": description}
            dataset = create_from_upload(person(request), archive.upload, options=form, **facts)
        return answer(request, dataset.id, status.HTTP_201_CREATED)


class FolderView(APIView):
    """Folders of the server that may be registered."""

    @extend_schema(parameters=[serializers.FolderQuerySerializer], responses=serializers.FolderViewSerializer)
    def get(self, request: Request) -> Response:
        """What lies in a folder; without a path, the allowed roots."""
        path = parsed(serializers.FolderQuerySerializer(data=request.query_params))["path"]
        return Response(serializers.FolderViewSerializer(view_folder(path)).data)


class StatisticsView(APIView):
    """What was measured on a version."""

    @extend_schema(parameters=[serializers.VersionQuerySerializer], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Counts, histograms, copies and findings. ``measured`` is false until a measurement has ended."""
        number = parsed(serializers.VersionQuerySerializer(data=request.query_params)).get("version")
        version = selectors.version_of(selectors.visible_dataset(request.user, id), number)
        measured = selectors.statistics_of(version)
        facts = {name: getattr(version, name) for name in ("state", "classes", "counts")}
        more = {"version": version.number, "measured": bool(measured), "run": version.statistics_run_id}
        return Response({**facts, **more, **measured})

    @extend_schema(
        parameters=[serializers.VersionQuerySerializer], request=None, responses={202: serializers.RunIdSerializer}
    )
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Measure, or measure again."""
        number = parsed(serializers.VersionQuerySerializer(data=request.query_params)).get("version")
        run = start_statistics(selectors.version_of(selectors.visible_dataset(request.user, id), number))
        return Response({"run": run.id}, status.HTTP_202_ACCEPTED)


class AugmentView(APIView):
    """Augmentation preview."""

    @extend_schema(request=preview_serializers.AugmentSerializer, responses=preview_serializers.PreviewSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Pictures by the very transform and seed that training uses."""
        form = parsed(preview_serializers.AugmentSerializer(data=request.data))
        version = selectors.version_of(selectors.visible_dataset(request.user, id), form.pop("version", None))
        return Response(preview_augmentation(version, form))


def answer(request: Request, dataset_id: uuid.UUID, code: int = status.HTTP_200_OK) -> Response:
    """The data set as it now is."""
    return Response(serializers.DatasetSerializer(selectors.visible_dataset(request.user, dataset_id)).data, code)
