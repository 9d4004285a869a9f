"""Collections over REST: bring, read, change, correct, delete."""

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

from anime import selectors
from anime.api import serializers
from anime.api.filters import CollectionFilter
from anime.api.serializers import parsed
from anime.models import Collection
from anime.services.change_collection import change_collection
from anime.services.create_collection import create_from_dataset, create_from_folder, create_from_upload, create_sample
from anime.services.delete_collection import delete_collection
from anime.services.examine import examine
from anime.services.retry_collection import retry_collection
from anime.services.use_recogniser import use_recogniser
from cvstudio.accounts.current import current_user
from cvstudio.common.api.pagination import KeysetPagination
from cvstudio.common.api.parsers import LimitedJSONParser
from cvstudio.datasets.api.parsers import declared_length, discard_upload, prepare_upload
from cvstudio.datasets.selectors import visible_dataset
from cvstudio.datasets.services.receive_upload import refuse_large
from cvstudio.datasets.upload_handler import ReceivedArchive
from ml_core.errors import CodedError


class CollectionListView(ListAPIView):
    """All collections of a person, newest first."""

    serializer_class = serializers.CollectionSerializer
    filterset_class = CollectionFilter
    pagination_class = KeysetPagination
    parser_classes = [LimitedJSONParser, MultiPartParser]
    queryset = Collection.objects.none()

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """The session's CSRF check reads the form, so its file must find its way before."""
        prepare_upload(request)
        return super().initialize_request(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Leave nothing behind of what was refused."""
        discard_upload(getattr(request, "_request", request))
        return super().finalize_response(request, response, *args, **kwargs)

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_collections(self.request.user)

    @extend_schema(
        request={
            "multipart/form-data": serializers.UploadCollectionSerializer,
            "application/json": serializers.NewCollectionSerializer,
        },
        responses={201: serializers.CollectionSerializer},
    )
    def post(self, request: Request) -> Response:
        """Upload a zip of one folder a character, name a folder or a data set, or have a sample drawn."""
        if (request.content_type or "").startswith("multipart/"):
            made = self._uploaded(request)
        else:
            made = _made(request, parsed(serializers.NewCollectionSerializer(data=request.data)))
        return answer(request, made.id, status.HTTP_201_CREATED)

    def _uploaded(self, request: Request) -> Collection:
        refuse_large(declared_length(request))
        data = dict(request.data.items()) if isinstance(request.data, dict) else {}
        archive = data.pop("file", None)
        if not isinstance(archive, ReceivedArchive):
            raise CodedError("The upload has no file.", code="upload.missing", hint="Send a zip archive.", where="file")
        form = parsed(serializers.UploadCollectionSerializer(data=data, partial=True))
        name = form.get("name", "") or archive.label
        return create_from_upload(
            current_user(request), archive.upload, name=name, accept_rejects=form.get("accept_rejects", False)
        )


class CollectionView(APIView):
    """One collection."""

    @extend_schema(responses=serializers.CollectionSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return answer(request, id)

    @extend_schema(request=serializers.ChangeCollectionSerializer, responses=serializers.CollectionSerializer)
    def patch(self, request: Request, id: uuid.UUID) -> Response:
        """Rename, describe, choose the recogniser that it uses."""
        form = parsed(serializers.ChangeCollectionSerializer(data=request.data))
        collection = selectors.visible_collection(request.user, id)
        if "recogniser" in form:
            version = form.pop("recogniser")
            use_recogniser(collection, selectors.visible_recogniser(request.user, version) if version else None)
        change_collection(collection, **form)
        return answer(request, id)

    @extend_schema(parameters=[serializers.DeleteQuerySerializer], responses={200: serializers.FreedSerializer})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Delete with its data set, or leave that; 409 when a run is at work or something needs a version."""
        form = parsed(serializers.DeleteQuerySerializer(data=request.query_params))
        collection = selectors.visible_collection(request.user, id)
        freed = delete_collection(collection, current_user(request), keep_data=form["keep_data"])
        return Response({"bytes_freed": freed})


class RetryView(APIView):
    """A version of a collection that failed."""

    @extend_schema(request=serializers.RetrySerializer, responses={202: serializers.CollectionSerializer})
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Try again, with files left out that cannot be used."""
        form = parsed(serializers.RetrySerializer(data=request.data))
        retry_collection(selectors.visible_collection(request.user, id), accept_rejects=form["accept_rejects"])
        return answer(request, id, status.HTTP_202_ACCEPTED)


class HealthView(APIView):
    """What was found about a collection."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Counts, copies within and between characters, names that lie, labels in doubt, rejects, and its run."""
        collection = selectors.visible_collection(request.user, id)
        return Response({**collection.health, "run": collection.examine_run_id})

    @extend_schema(request=None, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Examine it again."""
        run = examine(selectors.ready_collection(request.user, id))
        return Response({"run": run.id}, status.HTTP_202_ACCEPTED)


def _made(request: Request, form: dict[str, Any]) -> Collection:
    owner = current_user(request)
    if form["source"] == "dataset":
        return create_from_dataset(visible_dataset(request.user, form["dataset"]))
    if form["source"] == "sample":
        return create_sample(owner, name=form["name"], seed=form["seed"], per_character=form["per_character"])
    return create_from_folder(owner, form["path"], name=form["name"], accept_rejects=form["accept_rejects"])


def answer(request: Request, collection_id: uuid.UUID, code: int = status.HTTP_200_OK) -> Response:
    """The collection as it now is."""
    found = selectors.visible_collection(request.user, collection_id)
    return Response(serializers.CollectionSerializer(found).data, code)
