"""The batch endpoint: its files go straight to their place on the disk."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.common.api.parsers import LimitedJSONParser
from cvstudio.datasets.api.parsers import discard_upload, prepare_upload
from cvstudio.datasets.models import DatasetVersion
from cvstudio.datasets.upload_handler import ReceivedArchive
from cvstudio.inference.api.serializers import BatchSerializer, JobDetailSerializer
from cvstudio.inference.errors import InferenceError
from cvstudio.inference.selectors import jobs_for, servable_weights
from cvstudio.inference.services.create_batch import (
    Source,
    archive_source,
    create_batch,
    folder_source,
    version_source,
)
from cvstudio.inference.services.receive_media import MediaUpload
from cvstudio.weights.references import the_one


class BatchView(APIView):
    """Predict many images."""

    parser_classes = [LimitedJSONParser, MultiPartParser]

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """The session's CSRF check reads the form, so its files must find their way before."""
        prepare_upload(request, MediaUpload)
        return super().initialize_request(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Leave nothing behind of what was refused."""
        discard_upload(getattr(request, "_request", request))
        return super().finalize_response(request, response, *args, **kwargs)

    @extend_schema(
        request={"application/json": BatchSerializer, "multipart/form-data": BatchSerializer},
        responses={201: JobDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """Start a run that predicts a data set version, a folder of the server, a zip or a video."""
        form = BatchSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values: dict[str, Any] = dict(form.validated_data)
        weight = the_one(servable_weights(request.user).filter(values["weight"]))
        if weight is None:
            raise Http404
        source = _source(request, values)
        job = create_batch(
            owner=request.user,  # type: ignore[arg-type]
            weight=weight,
            source=source,
            top_k=values.get("top_k"),
            every_nth=values["every_nth"],
            name=values.get("name", ""),
        )
        stored = jobs_for(request.user).get(id=job.id)
        return Response(JobDetailSerializer(stored).data, status.HTTP_201_CREATED)


def _source(request: Request, values: dict[str, Any]) -> Source:
    if "dataset_version" in values:
        versions = DatasetVersion.objects.visible_to(request.user).select_related("dataset")
        return version_source(get_object_or_404(versions, id=values["dataset_version"]), values.get("split"))
    if "folder" in values:
        return folder_source(values["folder"])
    archive = values["file"]
    if not isinstance(archive, ReceivedArchive):
        raise InferenceError("The file is not an upload.", code="upload.missing", hint="Send a zip or a video.",
                             where="file")  # fmt: skip
    return archive_source(archive.upload, archive.label)
