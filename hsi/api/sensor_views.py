"""Sensors over REST."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.accounts.current import current_user
from hsi import selectors
from hsi.api.filters import SensorFilter
from hsi.api.serializers import SensorSerializer, parsed
from hsi.models import Sensor
from hsi.services.sensors import change_sensor, create_sensor, delete_sensor


class SensorListView(ListAPIView):
    """Sensors of a person, by name."""

    serializer_class = SensorSerializer
    filterset_class = SensorFilter
    queryset = Sensor.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_sensors(self.request.user)

    @extend_schema(responses={201: SensorSerializer})
    def post(self, request: Request) -> Response:
        """Add one; without a domain_id it gets the next free number."""
        sensor = create_sensor(current_user(request), **parsed(SensorSerializer(data=request.data)))
        return Response(SensorSerializer(sensor).data, status.HTTP_201_CREATED)


class SensorView(APIView):
    """One sensor."""

    @extend_schema(responses=SensorSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return Response(SensorSerializer(selectors.visible_sensor(request.user, id)).data)

    @extend_schema(request=SensorSerializer(partial=True), responses=SensorSerializer)
    def patch(self, request: Request, id: uuid.UUID) -> Response:
        """Change what is given."""
        sensor = selectors.visible_sensor(request.user, id)
        change_sensor(sensor, **parsed(SensorSerializer(data=request.data, partial=True)))
        return Response(SensorSerializer(sensor).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Delete it; its scenes stay and keep their own wavelengths."""
        delete_sensor(selectors.visible_sensor(request.user, id))
        return Response(status=status.HTTP_204_NO_CONTENT)
