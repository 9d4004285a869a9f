"""Inference endpoints: parse, call one service, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.common.api.pagination import KeysetPagination
from cvstudio.common.file_response import file_response
from cvstudio.inference.api import serializers
from cvstudio.inference.api.answer_views import SieveSerializer
from cvstudio.inference.api.filters import JobFilter
from cvstudio.inference.models import InferenceJob
from cvstudio.inference.selectors import Servable, jobs_for, servable_weight
from cvstudio.inference.services import read_picture
from cvstudio.inference.services.delete_job import delete_job
from cvstudio.inference.services.draft_labels import draft_labels
from cvstudio.inference.services.draw_pictures import draw_pictures
from cvstudio.inference.services.predict_picture import predict_picture
from cvstudio.inference.services.read_results import MEDIA_TYPES, results_of
from cvstudio.inference.services.sift_results import SIFTED, sieve_for, sift_results


def parsed(serializer: Any) -> dict[str, Any]:
    """The valid form, or a validation error."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def usable_weight(request: Request, which: Q) -> Servable:
    """The weight, when this person may use it."""
    weight = servable_weight(request.user, which)
    if weight is None:
        raise Http404
    return weight


class PredictImageView(APIView):
    """Predict an uploaded picture."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        request={"multipart/form-data": serializers.PredictImageSerializer}, responses=serializers.PredictedSerializer
    )
    def post(self, request: Request) -> Response:
        """The most probable classes, with the time that each part took."""
        read_picture.refuse_length(int(request.META.get("CONTENT_LENGTH") or 0))
        form = parsed(serializers.PredictImageSerializer(data=request.data))
        weight = usable_weight(request, form["weight"])
        picture = read_picture.from_upload(form["image"])
        predicted = predict_picture(
            user=request.user,  # type: ignore[arg-type]
            weight=weight,
            picture=picture,
            top_k=form.get("top_k"),
            keep=form["keep"],
        )
        return Response(predicted.as_dict())


class PredictView(APIView):
    """Predict a picture of a data set, or one inside the JSON."""

    @extend_schema(request=serializers.PredictSerializer, responses=serializers.PredictedSerializer)
    def post(self, request: Request) -> Response:
        """The most probable classes, with the time that each part took."""
        form = parsed(serializers.PredictSerializer(data=request.data))
        weight = usable_weight(request, form["weight"])
        if "image_id" in form:
            picture = read_picture.from_data_set(request.user, form["image_id"])
        else:
            picture = read_picture.from_base64(form["image_base64"])
        predicted = predict_picture(
            user=request.user,  # type: ignore[arg-type]
            weight=weight,
            picture=picture,
            top_k=form.get("top_k"),
            keep=form["keep"],
        )
        return Response(predicted.as_dict())


class JobListView(ListAPIView[InferenceJob]):
    """Jobs, newest first: batches, and single predictions that were kept."""

    serializer_class = serializers.JobListSerializer
    pagination_class = KeysetPagination
    filterset_class = JobFilter

    def get_queryset(self) -> QuerySet[InferenceJob]:
        """Jobs that the person may see."""
        return jobs_for(self.request.user)


class JobDetailView(APIView):
    """One job."""

    @extend_schema(responses=serializers.JobDetailSerializer)
    def get(self, request: Request, job_id: UUID) -> Response:
        """Its state, its answers or where they are."""
        job = get_object_or_404(jobs_for(request.user), id=job_id)
        return Response(serializers.JobDetailSerializer(job).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, job_id: UUID) -> Response:
        """Delete it; the run of a batch stays in the list of runs."""
        delete_job(get_object_or_404(jobs_for(request.user), id=job_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class DraftLabelsView(APIView):
    """Labels from answers."""

    @extend_schema(request=None, responses={202: serializers.DraftVersionSerializer})
    def post(self, request: Request, job_id: UUID) -> Response:
        """Start the next version of the data set: what was found in images without labels becomes their labels."""
        made = draft_labels(get_object_or_404(jobs_for(request.user), id=job_id))
        answer = {"dataset": made.dataset_id, "version": made.id, "number": made.number}
        return Response(serializers.DraftVersionSerializer(answer).data, status.HTTP_202_ACCEPTED)


class JobPicturesView(APIView):
    """Pictures with the answers drawn in."""

    @extend_schema(request=SieveSerializer, responses={202: serializers.DrawingSerializer})
    def post(self, request: Request, job_id: UUID) -> Response:
        """Start a run that draws what passes into the pictures and videos, and leaves them as an artifact."""
        form = parsed(SieveSerializer(data=request.data))
        job = get_object_or_404(jobs_for(request.user), id=job_id)
        run = draw_pictures(job, request.user, **form)  # type: ignore[arg-type]
        return Response(serializers.DrawingSerializer({"run": run.id}).data, status.HTTP_202_ACCEPTED)


class JobResultsView(APIView):
    """The table of a completed batch."""

    @extend_schema(
        parameters=[OpenApiParameter("format", enum=list(MEDIA_TYPES)), SieveSerializer],
        responses={(200, "text/csv"): OpenApiTypes.BINARY, (200, "application/json"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, job_id: UUID) -> StreamingHttpResponse:
        """One row for each picture; a picture that could not be read has a row that says why.

        With `threshold` or `classes`, only what passes.
        """
        values = parsed(SieveSerializer(data=request.query_params))
        job = get_object_or_404(jobs_for(request.user), id=job_id)
        kind = request.query_params.get("format", "csv")
        table = results_of(job, kind)
        if kind not in SIFTED or not (values["threshold"] or values["classes"]):
            return file_response(request, table.path, table.name, table.media_type)
        sifted = sift_results(job, kind, sieve_for(job, values["threshold"], values["classes"]))
        return file_response(request, sifted, table.name, table.media_type, afterwards=sifted.unlink)
