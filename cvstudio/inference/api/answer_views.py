"""Looking through the answers of a batch: pages of answers, their pictures, a video and what was found when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.common.file_response import file_response
from cvstudio.inference.selectors import jobs_for
from cvstudio.inference.services.find_answers import SHOWN, Wish, find_answers, read_found, videos_of
from cvstudio.inference.services.receive_media import kind_of
from cvstudio.inference.services.show_picture import small_picture, video_file

MOST_ON_A_PAGE = 200
MOST_CLASSES = 1000
#: What browsers may play; other containers are only saved.
PLAYED = {"mp4": "video/mp4", "webm": "video/webm", "ogg": "video/ogg"}
_KEPT = "private, max-age=86400, immutable"


class ClassIndicesField(serializers.ListField):
    """`classes=1,5` or `classes=1&classes=5`."""

    child = serializers.IntegerField(min_value=0)

    def get_value(self, dictionary: Any) -> Any:
        """The parts between commas."""
        if not hasattr(dictionary, "getlist"):
            return super().get_value(dictionary)
        return [part for text in dictionary.getlist(self.field_name) for part in text.split(",") if part]


class SieveSerializer(serializers.Serializer):
    """What counts as found."""

    threshold = serializers.FloatField(min_value=0, max_value=1, default=0.0)
    classes = ClassIndicesField(required=False, default=list, max_length=MOST_CLASSES)


class WishSerializer(SieveSerializer):
    """Which answers are looked for."""

    show = serializers.ChoiceField(choices=SHOWN, default="all")
    video = serializers.IntegerField(min_value=0, required=False, default=None, allow_null=True)
    unsure_first = serializers.BooleanField(default=False)
    page = serializers.IntegerField(min_value=1, default=1)
    page_size = serializers.IntegerField(min_value=1, max_value=MOST_ON_A_PAGE, default=24)


class AnswerPageSerializer(serializers.Serializer):
    """One page of answers."""

    count = serializers.IntegerField()
    page = serializers.IntegerField()
    pages = serializers.IntegerField()
    results = serializers.ListField(child=serializers.JSONField())


class TimelineSerializer(serializers.Serializer):
    """How much was found in each frame of a video."""

    first = serializers.IntegerField()
    times = serializers.ListField(child=serializers.FloatField())
    counts = serializers.ListField(child=serializers.IntegerField())


class AnswersView(APIView):
    """Answers of a batch."""

    @extend_schema(parameters=[WishSerializer], responses=AnswerPageSerializer)
    def get(self, request: Request, job_id: UUID) -> Response:
        """A page of the answers that fit, each with the address of its picture."""
        values = _valid(WishSerializer, request)
        job = get_object_or_404(jobs_for(request.user), id=job_id)
        numbers = find_answers(job, _wish(values)).numbers
        size, page = values["page_size"], values["page"]
        results = read_found(job, numbers[(page - 1) * size : page * size])
        for answer in results:
            answer["path"] = _readable(answer["path"])
            if answer["error"] is not None:
                answer["error"]["where"] = _readable(answer["error"]["where"])
            answer["picture"] = f"/api/v1/inference/jobs/{job.id}/answers/{answer['number']}/picture"
        return Response({"count": len(numbers), "page": page, "pages": -(-len(numbers) // size), "results": results})


class TimelineView(APIView):
    """What was found when."""

    @extend_schema(parameters=[WishSerializer], responses=TimelineSerializer)
    def get(self, request: Request, job_id: UUID) -> Response:
        """The times of all frames of a video, and how much was found in each; answers are counted from `first` on."""
        values = _valid(WishSerializer, request)
        job = get_object_or_404(jobs_for(request.user), id=job_id)
        wish = Wish(values["threshold"], frozenset(values["classes"]), video=values["video"] or 0)
        found = find_answers(job, wish)
        first = videos_of(job)[wish.video or 0]["first"]
        span = slice(first, first + videos_of(job)[wish.video or 0]["frames"])
        times = np.nan_to_num(found.times[span].astype(np.float64)).round(3).tolist()
        return Response({"first": first, "times": times, "counts": found.counts[span].tolist()})


class AnswerPictureView(APIView):
    """The picture of an answer."""

    @extend_schema(
        parameters=[OpenApiParameter("size", int, description="Longest side: 160, 320 or 1280.")],
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, job_id: UUID, number: int) -> HttpResponse:
        """As JPEG; a frame of a video as it was kept."""
        text = request.query_params.get("size", "320")
        job = get_object_or_404(jobs_for(request.user), id=job_id)
        (answer,) = read_found(job, np.array([number]))
        content = small_picture(job, answer, int(text) if text.isdecimal() and len(text) < 6 else 0)
        return HttpResponse(content, content_type="image/jpeg", headers={"Cache-Control": _KEPT})


class VideoView(APIView):
    """A video of a batch."""

    @extend_schema(responses={(200, "video/mp4"): OpenApiTypes.BINARY})
    def get(self, request: Request, job_id: UUID, position: int) -> StreamingHttpResponse:
        """The file as it came; a client may ask for a part."""
        job = get_object_or_404(jobs_for(request.user), id=job_id)
        path = video_file(job, position)
        media_type = PLAYED.get(kind_of(path) or "", "application/octet-stream")
        response = file_response(request, path, path.name, media_type, attachment=media_type not in PLAYED.values())
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response


def _valid(form: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    serializer = form(data=request.query_params)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _readable(name: str) -> str:
    """The name of a file; what is no UTF-8 in it, which no answer can hold, as escapes."""
    return name.encode(errors="backslashreplace").decode()


def _wish(values: dict[str, Any]) -> Wish:
    return Wish(
        values["threshold"], frozenset(values["classes"]), values["show"], values["video"], values["unsure_first"]
    )
