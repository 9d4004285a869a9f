"""Questions about a graph, stored or not, and what graphs are built from."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.text import slugify
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.architectures import selectors
from cvstudio.architectures.api import serializers
from cvstudio.architectures.api.serializers import parsed
from cvstudio.architectures.catalogue import translated_operators, translated_templates
from cvstudio.architectures.services.generate_code import generate_code, pack_code, store_code
from ml_core.graph import Analysis, Finding, analyze, validate


def subject(request: Request, form: dict[str, Any]) -> dict[str, Any]:
    """The document that a request speaks of."""
    if "document" in form:
        document: dict[str, Any] = form["document"]
        return document
    stored: dict[str, Any] = selectors.visible_version(request.user, form["id"], form.get("version")).document
    return stored


def verdict(findings: list[Finding]) -> dict[str, Any]:
    """Findings as every answer carries them."""
    valid = not any(finding.severity == "error" for finding in findings)
    return {"valid": valid, "findings": [finding.as_dict() for finding in findings]}


def analysis_of(request: Request) -> Analysis:
    """Analyse what a request speaks of."""
    form = parsed(serializers.AnalyzeSerializer(data=request.data))
    return analyze(subject(request, form), form.get("input_shape"), form.get("batch"))


class ValidateView(APIView):
    """Find every fault of a graph at once."""

    @extend_schema(request=serializers.SubjectSerializer, responses=serializers.ValidationAnswerSerializer)
    def post(self, request: Request) -> Response:
        """Each fault stands on its node and port, with the cure. A faulty graph is an answer, not an error."""
        form = parsed(serializers.SubjectSerializer(data=request.data))
        return Response(verdict(validate(subject(request, form))))


class AnalyzeView(APIView):
    """Shapes and costs."""

    @extend_schema(request=serializers.AnalyzeSerializer, responses=serializers.AnalysisAnswerSerializer)
    def post(self, request: Request) -> Response:
        """Shapes, parameters, multiply-adds and memory of every node and edge, without allocating weights."""
        analysis = analysis_of(request)
        return Response({**analysis.as_dict(), **verdict(analysis.findings)})


class InferShapesView(APIView):
    """Shapes alone."""

    @extend_schema(request=serializers.AnalyzeSerializer, responses=serializers.ShapesAnswerSerializer)
    def post(self, request: Request) -> Response:
        """Shape at every port and on every edge; the batch axis stays symbolic without a batch."""
        analysis = analysis_of(request)
        answer = analysis.as_dict()
        nodes = {key: {"inputs": cost.in_shapes, "output": cost.out_shape} for key, cost in analysis.nodes.items()}
        kept = {key: answer[key] for key in ("edges", "input_shapes", "output_shape")}
        return Response({"nodes": nodes, **kept, **verdict(analysis.findings)})


class GenerateView(APIView):
    """PyTorch code."""

    @extend_schema(
        request=serializers.GenerateSerializer,
        parameters=[
            OpenApiParameter("download", OpenApiTypes.STR, enum=["zip"], description="Answer with a zip file.")
        ],
        responses={(200, "application/json"): serializers.CodeAnswerSerializer, (200, "application/zip"): bytes},
    )
    def post(self, request: Request) -> Response | HttpResponse:
        """Write the package of a graph. The code of a stored version is kept under its SHA-256."""
        form = parsed(serializers.GenerateSerializer(data=request.data))
        document, settings = subject(request, form), form.get("settings")
        code = generate_code(document, settings)
        if request.query_params.get("download") == "zip":
            return zip_response(code.files, str(document.get("name", "")))
        stored = None
        if "id" in form:
            stored = store_code(selectors.visible_version(request.user, form["id"], form.get("version")), settings)
        answer = {"files": code.files, "sha256": code.sha256, "source_map": code.source_map}
        return Response({**answer, "id": stored.id if stored else None})


def zip_response(files: dict[str, str], name: str) -> HttpResponse:
    """The package as a download."""
    folder = slugify(name)[:60] or "model"
    response = HttpResponse(pack_code(files, folder), content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{folder}.zip"'
    return response


class OperatorsView(APIView):
    """What a graph can be built from."""

    @extend_schema(responses=serializers.OperatorSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The catalogue: every operator with its ports, parameters, bounds and defaults."""
        return Response(translated_operators())


class TemplatesView(APIView):
    """Where to start from."""

    @extend_schema(
        parameters=[serializers.TemplateQuerySerializer], responses=serializers.TemplateSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """Starter documents for images of a size and a number of classes."""
        form = parsed(serializers.TemplateQuerySerializer(data=request.query_params))
        return Response(translated_templates((form["channels"], form["height"], form["width"]), form["classes"]))
