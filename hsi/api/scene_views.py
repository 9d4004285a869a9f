"""Scenes over REST: bring, confirm, change, delete."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.accounts.current import current_user
from cvstudio.common.api.pagination import KeysetPagination
from cvstudio.datasets.api.files_form import FilesFormView
from hsi import selectors
from hsi.api import serializers
from hsi.api.filters import SceneFilter
from hsi.api.serializers import parsed
from hsi.media import PNG, tagged_response
from hsi.models import Scene
from hsi.services.attach_mask import attach_mask, remove_mask
from hsi.services.change_scene import change_scene
from hsi.services.confirm_scene import confirm_scene
from hsi.services.create_scene import create_from_folder, create_from_uploads, create_sample
from hsi.services.delete_scene import delete_scene
from hsi.services.draw_scene import picture_key
from hsi.services.preview_files import preview_files
from hsi.services.read_pixels import mask_bytes
from hsi.services.receive_files import SceneUpload


class SceneUploadView(FilesFormView):
    """A view whose files go straight to their place on the disk."""

    new_upload = SceneUpload
    upload: SceneUpload


class SceneListView(SceneUploadView, ListAPIView):
    """All scenes of a person, newest first."""

    serializer_class = serializers.SceneListSerializer
    filterset_class = SceneFilter
    pagination_class = KeysetPagination
    queryset = Scene.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_scenes(self.request.user)

    @extend_schema(
        request={
            "multipart/form-data": serializers.UploadSerializer,
            "application/json": serializers.NewSceneSerializer,
        },
        responses={201: serializers.SceneSerializer},
    )
    def post(self, request: Request) -> Response:
        """Upload the files of a scene, name a place on the server, or make the sample.

        Files are looked into at once; the answer's ``inspection`` says what was found, to be confirmed or corrected.
        """
        owner = current_user(request)
        form = parsed(new_scene_form(request)(data=request.data))
        if "file" in form:
            scene = create_from_uploads(owner, self.upload, name=form["name"])
        elif form["source"] == "sample":
            scene = create_sample(owner, name=form["name"])
        else:
            scene = create_from_folder(owner, form["path"], name=form["name"])
        return answer(request, scene.id, status.HTTP_201_CREATED)


class SceneView(APIView):
    """One scene."""

    @extend_schema(responses=serializers.SceneSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return answer(request, id)

    @extend_schema(request=serializers.ChangeSceneSerializer, responses=serializers.SceneSerializer)
    def patch(self, request: Request, id: uuid.UUID) -> Response:
        """Rename, describe, name the sensor, correct wavelengths and bad bands."""
        form = parsed(serializers.ChangeSceneSerializer(data=request.data))
        scene = selectors.visible_scene(request.user, id)
        change_scene(scene, **with_sensor(request, form))
        return answer(request, id)

    @extend_schema(responses={200: serializers.FreedSerializer})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Delete with its maps; 409 when a run or a chain is at work on it."""
        freed = delete_scene(selectors.visible_scene(request.user, id), current_user(request))
        return Response({"bytes_freed": freed})


class ConfirmView(APIView):
    """The import of a scene."""

    @extend_schema(request=serializers.ConfirmSerializer, responses={202: serializers.SceneSerializer})
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Confirm or correct what was found, and import; also the way to try again after a failure."""
        form = parsed(serializers.ConfirmSerializer(data=request.data))
        scene = selectors.visible_scene(request.user, id)
        confirm_scene(scene, **with_sensor(request, form))
        return answer(request, id, status.HTTP_202_ACCEPTED)


class InspectionPreviewView(APIView):
    """What an import would make of the files."""

    @extend_schema(parameters=[serializers.ChoiceSerializer], responses={(200, PNG): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID) -> Any:
        """A picture in false colour with the mask outlined."""
        form = parsed(serializers.ChoiceSerializer(data=request.query_params))
        scene = selectors.visible_scene(request.user, id)
        tag = picture_key(scene.id, scene.origin, scene.choice, sorted(form.items()))
        return tagged_response(request, tag, lambda: preview_files(scene, form), PNG)


class MaskView(SceneUploadView):
    """Where the anomalies are, when somebody knows."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID) -> Any:
        """One byte for each pixel, row by row: 1 = anomaly."""
        scene = selectors.ready_scene(request.user, id)
        tag = picture_key(scene.fingerprint, "mask", scene.updated_at)
        return tagged_response(request, tag, lambda: mask_bytes(scene), "application/octet-stream")

    @extend_schema(
        request={"multipart/form-data": serializers.MaskUploadSerializer}, responses=serializers.SceneSerializer
    )
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Bring a mask, or another one; existing maps get their scores."""
        scene = selectors.ready_scene(request.user, id)
        form = parsed(serializers.MaskUploadSerializer(data=request.data))
        attach_mask(scene, self.upload, key=form["key"])
        return answer(request, id)

    @extend_schema(responses=serializers.SceneSerializer)
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Forget the mask."""
        remove_mask(selectors.ready_scene(request.user, id))
        return answer(request, id)


def new_scene_form(request: Request) -> Any:
    """Files make it an upload."""
    is_form = (request.content_type or "").startswith("multipart/")
    return serializers.UploadSerializer if is_form else serializers.NewSceneSerializer


def with_sensor(request: Request, form: dict[str, Any]) -> dict[str, Any]:
    """The form with the sensor instead of its id; 404 for what the person may not see."""
    if form.get("sensor") is not None:
        form["sensor"] = selectors.visible_sensor(request.user, form["sensor"])
    return form


def answer(request: Request, scene_id: uuid.UUID, code: int = status.HTTP_200_OK) -> Response:
    """The scene as it now is."""
    return Response(serializers.SceneSerializer(selectors.visible_scene(request.user, scene_id)).data, code)
