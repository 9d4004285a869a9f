"""The health endpoint: is the web process up and does it reach its database and Redis?"""

from __future__ import annotations

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response


def database_answers() -> bool:
    """Whether the database answers a trivial query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def redis_answers() -> bool:
    """Whether Redis answers a ping within a second."""
    try:
        with redis.Redis.from_url(settings.REDIS_CLIENT_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


@extend_schema(
    operation_id="health",
    auth=[],
    responses=inline_serializer(
        "Health",
        {
            "status": serializers.ChoiceField(choices=["ok", "degraded"]),
            "database": serializers.BooleanField(),
            "redis": serializers.BooleanField(),
        },
    ),
)
@api_view(["GET"])
@authentication_classes([])
@permission_classes([AllowAny])
def health(request: Request) -> Response:
    """Say whether the web process, the database and Redis work. Always 200 while the web process lives."""
    parts = {"database": database_answers(), "redis": redis_answers()}
    return Response({"status": "ok" if all(parts.values()) else "degraded", **parts})
