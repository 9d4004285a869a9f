"""Architectures: list, create, read, change, delete, and their versions."""

from __future__ import annotations

import uuid
from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.accounts.models import User
from cvstudio.architectures import selectors
from cvstudio.architectures.api import serializers
from cvstudio.architectures.api.filters import ArchitectureFilter
from cvstudio.architectures.api.serializers import parsed
from cvstudio.architectures.models import Architecture, ArchitectureVersion
from cvstudio.architectures.services.compare_versions import compare_documents
from cvstudio.architectures.services.create_architecture import create_architecture, document_from_template
from cvstudio.architectures.services.delete_architecture import delete_architecture
from cvstudio.architectures.services.save_architecture import save_architecture, save_view


class ArchitectureListView(ListAPIView):
    """All architectures of a person."""

    serializer_class = serializers.ArchitectureSummarySerializer
    filterset_class = ArchitectureFilter
    queryset = Architecture.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_architectures(self.request.user)

    @extend_schema(request=serializers.CreateSerializer, responses={201: serializers.ArchitectureSerializer})
    def post(self, request: Request) -> Response:
        """Create from a document, which may still be invalid, or from a starter template."""
        form = parsed(serializers.CreateSerializer(data=request.data))
        template, shape, classes = form.pop("template", None), form.pop("input_shape"), form.pop("classes")
        if template is not None:
            form["document"] = document_from_template(template, input_shape=shape, classes=classes, name=form["name"])
        architecture = create_architecture(cast(User, request.user), **form)
        return Response(serializers.ArchitectureSerializer(architecture).data, status.HTTP_201_CREATED)


class ArchitectureView(GenericAPIView):
    """One architecture with its current document."""

    serializer_class = serializers.ArchitectureSerializer
    queryset = Architecture.objects.none()
    lookup_field = "id"

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.visible_architectures(self.request.user)

    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=serializers.UpdateSerializer)
    def put(self, request: Request, id: uuid.UUID) -> Response:
        """Change. A document that differs makes a new version; 409 when somebody saved in between."""
        form = parsed(serializers.UpdateSerializer(data=request.data))
        saved = save_architecture(self.get_object(), **form)
        return Response(self.get_serializer(saved).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Delete with all versions; 409 when runs or weights need one."""
        delete_architecture(self.get_object(), request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ArchitectureCanvasView(GenericAPIView):
    """Where nodes stand on the canvas."""

    serializer_class = serializers.ViewSerializer
    queryset = Architecture.objects.none()
    lookup_field = "id"

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return Architecture.objects.visible_to(self.request.user)

    @extend_schema(responses={204: None})
    def put(self, request: Request, id: uuid.UUID) -> Response:
        """Keep places and zoom; makes no version."""
        save_view(self.get_object(), parsed(self.get_serializer(data=request.data))["view"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class VersionListView(ListAPIView):
    """All versions of an architecture, newest first."""

    serializer_class = serializers.VersionSummarySerializer
    queryset = ArchitectureVersion.objects.none()
    filter_backends: list[Any] = []

    def get_queryset(self) -> Any:
        """Versions without their documents; 404 for what the person may not see."""
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        newest = selectors.visible_version(self.request.user, self.kwargs["id"])
        return newest.architecture.versions.defer("document").order_by("-number")


class VersionView(APIView):
    """One version."""

    @extend_schema(responses=serializers.VersionSerializer)
    def get(self, request: Request, id: uuid.UUID, number: int) -> Response:
        """Read a version with its document."""
        return Response(serializers.VersionSerializer(selectors.visible_version(request.user, id, number)).data)


class VersionDiffView(APIView):
    """What changed between two versions, or since a version."""

    @extend_schema(parameters=[serializers.DiffQuerySerializer], responses=serializers.DiffAnswerSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Compare two stored versions line by line."""
        return self._answer(request, id, parsed(serializers.DiffQuerySerializer(data=request.query_params)))

    @extend_schema(request=serializers.DiffSerializer, responses=serializers.DiffAnswerSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Compare a stored version with another one, or with a document that is not saved."""
        return self._answer(request, id, parsed(serializers.DiffSerializer(data=request.data)))

    def _answer(self, request: Request, id: uuid.UUID, form: dict[str, Any]) -> Response:
        before = selectors.visible_version(request.user, id, form["from"])
        if "document" in form:
            after, name = form["document"], "canvas"
        else:
            version = selectors.visible_version(request.user, id, form["to"])
            after, name = version.document, f"v{version.number}"
        return Response({"diff": compare_documents(before.document, after, (f"v{before.number}", name))})
