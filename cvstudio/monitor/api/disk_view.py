"""The endpoint of the disk."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.monitor.disk.free import MOST_KEYS, free, plan_of, uses_of


class ThingSerializer(serializers.Serializer):
    """Something that takes room."""

    key = serializers.CharField()
    title = serializers.CharField(source="holding.title")
    owner = serializers.CharField(source="holding.owner")
    made = serializers.DateTimeField(source="holding.made", allow_null=True)
    bytes = serializers.IntegerField()


class UseSerializer(serializers.Serializer):
    """A kind of things, the largest first."""

    kind = serializers.CharField(source="kind.key")
    title = serializers.CharField(source="kind.title")
    is_spare = serializers.BooleanField(source="kind.is_spare", help_text="It is made again when it is needed.")
    bytes = serializers.IntegerField()
    things = ThingSerializer(many=True)


class FreeSerializer(serializers.Serializer):
    """What may go. ``dry_run`` only says what would come back."""

    keys = serializers.ListField(child=serializers.CharField(max_length=300), min_length=1, max_length=MOST_KEYS)
    dry_run = serializers.BooleanField(default=True)


class PlanItemSerializer(serializers.Serializer):
    """One thing: the bytes that it alone gives back, or why it stays."""

    key = serializers.CharField()
    kind = serializers.CharField()
    title = serializers.CharField()
    bytes = serializers.IntegerField()
    reason = serializers.CharField(allow_blank=True)


class PlanSerializer(serializers.Serializer):
    """What comes back in all; files that things share are counted once."""

    items = PlanItemSerializer(many=True)
    freed = serializers.IntegerField()
    done = serializers.BooleanField()


class DiskView(APIView):
    """What takes room."""

    @extend_schema(responses=UseSerializer(many=True))
    def get(self, request: Request) -> Response:
        """By kind, of that which the person may delete. Sizes are up to ten minutes old."""
        return Response(UseSerializer(uses_of(request.user), many=True).data)

    @extend_schema(request=FreeSerializer, responses=PlanSerializer)
    def post(self, request: Request) -> Response:
        """Say what would come back, or delete and say what did."""
        form = FreeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        work = plan_of if form.validated_data["dry_run"] else free
        return Response(PlanSerializer(work(request.user, form.validated_data["keys"])).data)
