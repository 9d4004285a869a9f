"""The endpoint that compares two weights."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.accounts.current import current_user
from cvstudio.datasets.models import DatasetVersion
from cvstudio.weights.api.fields import VersionField
from cvstudio.weights.api.serializers import VisibleField
from cvstudio.weights.references import the_one
from cvstudio.weights.selectors import versions_for
from cvstudio.weights.services.compare_weights import SPLITS, compare_weights


class CompareSerializer(serializers.Serializer):
    """With which weight, and on which images."""

    second = VersionField(help_text="The other version: its id, or name@alias.")
    dataset_version = VisibleField(DatasetVersion, related=("dataset",))
    split = serializers.ChoiceField(choices=SPLITS, default="test")


class ComparisonSerializer(serializers.Serializer):
    """The run that compares."""

    run = serializers.UUIDField()


class WeightCompareView(APIView):
    """Two weights on the same images."""

    @extend_schema(request=CompareSerializer, responses={202: ComparisonSerializer})
    def post(self, request: Request, weight_id: UUID) -> Response:
        """Queue it. The run leaves ``comparison.json``: counts, McNemar's test, classes, disagreements first."""
        first = get_object_or_404(versions_for(request.user), id=weight_id)
        form = CompareSerializer(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        values = form.validated_data
        second = the_one(versions_for(request.user).filter(values["second"]))
        if second is None:
            raise Http404
        run = compare_weights(
            first, second, values["dataset_version"], current_user(request), split=values["split"]
        )  # fmt: skip
        return Response(ComparisonSerializer({"run": run.id}).data, status.HTTP_202_ACCEPTED)
