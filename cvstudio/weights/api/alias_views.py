"""Endpoints of aliases: words that stand for one version of a weight."""

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
from cvstudio.weights.models import AliasMove, WeightAlias
from cvstudio.weights.selectors import alias_moves_of, versions_for
from cvstudio.weights.services.move_alias import move_alias, remove_alias


class AliasSerializer(serializers.ModelSerializer):
    """An alias and the version that it stands for."""

    version = serializers.UUIDField(source="version_id")
    number = serializers.IntegerField(source="version.number")

    class Meta:
        model = WeightAlias
        fields = ("name", "version", "number", "created_at")


class AliasMoveSerializer(serializers.ModelSerializer):
    """A move of an alias; without a number it was taken away."""

    user = serializers.CharField(source="user.username")

    class Meta:
        model = AliasMove
        fields = ("name", "number", "user", "created_at")


class AliasesSerializer(serializers.Serializer):
    """The aliases of a weight, and their moves, newest first."""

    aliases = AliasSerializer(many=True)
    moves = AliasMoveSerializer(many=True)


class AliasListView(APIView):
    """The aliases of the weight that a version belongs to."""

    @extend_schema(responses=AliasesSerializer)
    def get(self, request: Request, weight_id: UUID) -> Response:
        """What each stands for, and what it stood for before."""
        version = get_object_or_404(versions_for(request.user), id=weight_id)
        found = {"aliases": version.weight.aliases.select_related("version"), "moves": alias_moves_of(version)}
        return Response(AliasesSerializer(found).data)


class AliasView(APIView):
    """One alias. Where a version is asked for, ``name@alias`` names it with the name or the id of the weight."""

    @extend_schema(request=None, responses=AliasSerializer)
    def put(self, request: Request, weight_id: UUID, alias: str) -> Response:
        """Let it stand for this version; it moves here from the version that it stood for."""
        version = get_object_or_404(versions_for(request.user), id=weight_id)
        return Response(AliasSerializer(move_alias(version, alias, current_user(request))).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, weight_id: UUID, alias: str) -> Response:
        """Take it away from this version."""
        version = get_object_or_404(versions_for(request.user), id=weight_id)
        if not remove_alias(version, alias, current_user(request)):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)
