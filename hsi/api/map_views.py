"""Detections and their maps over REST."""

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
from cvstudio.common.file_response import file_response
from hsi import selectors
from hsi.api import map_serializers as forms
from hsi.api.filters import MapFilter
from hsi.api.serializers import FreedSerializer, NeighboursSerializer, parsed
from hsi.media import BYTES, PNG, tagged_response
from hsi.methods import known_methods
from hsi.models import AnomalyMap
from hsi.services.compare_maps import compare_maps
from hsi.services.delete_map import delete_map
from hsi.services.detect import run_detection
from hsi.services.draw_map import draw_map
from hsi.services.draw_scene import picture_key
from hsi.services.export_map import export_map
from hsi.services.find_neighbours import map_neighbours
from hsi.services.find_regions import map_regions
from hsi.services.read_map import map_curves, map_values, threshold_count


class MethodsView(APIView):
    """Ways to find anomalies."""

    @extend_schema(responses=forms.MethodSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Classic methods with the schema of their parameters, and the heads of a detector."""
        return Response(forms.MethodSerializer(known_methods(), many=True).data)


class DetectionView(APIView):
    """Start detections."""

    @extend_schema(request=forms.DetectSerializer, responses={202: forms.MapSerializer(many=True)})
    def post(self, request: Request) -> Response:
        """One run for each scene, by classic methods, a trained detector, or both."""
        form = parsed(forms.DetectSerializer(data=request.data))
        scenes = selectors.visible_scenes(request.user, form.pop("scenes"))
        chosen = form.pop("detector")
        detector = selectors.visible_weight(request.user, chosen, selectors.DETECTOR) if chosen else None
        made = run_detection(current_user(request), scenes, detector=detector, **form)
        rows = selectors.listed_maps(request.user).filter(id__in=[row.id for row in made])
        return Response(forms.MapSerializer(rows, many=True).data, status.HTTP_202_ACCEPTED)


class MapListView(ListAPIView):
    """All maps of a person, newest first."""

    serializer_class = forms.MapSerializer
    filterset_class = MapFilter
    pagination_class = KeysetPagination
    queryset = AnomalyMap.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return selectors.listed_maps(self.request.user)


class MapView(APIView):
    """The maps of one detection."""

    @extend_schema(responses=forms.MapSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return Response(forms.MapSerializer(selectors.visible_map(request.user, id)).data)

    @extend_schema(responses={200: FreedSerializer})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Delete it; 409 while its run is at work."""
        return Response({"bytes_freed": delete_map(selectors.visible_map(request.user, id))})


class MapImageView(APIView):
    """A picture of a map."""

    @extend_schema(parameters=[forms.MapImageQuerySerializer], responses={(200, PNG): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID) -> Any:
        """The scores in colours; below the threshold in grey."""
        form = parsed(forms.MapImageQuerySerializer(data=request.query_params))
        found = selectors.ready_map(request.user, id)
        return tagged_response(request, picture_key(found.id, *form.values()), lambda: draw_map(found, **form), PNG)


class MapValuesView(APIView):
    """The numbers of a map."""

    @extend_schema(parameters=[forms.MethodQuerySerializer], responses={(200, BYTES): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID) -> Any:
        """Little-endian float32, row by row; larger = more anomalous."""
        form = parsed(forms.MethodQuerySerializer(data=request.query_params))
        found = selectors.ready_map(request.user, id)
        tag = picture_key(found.id, form["method"], "values")
        return tagged_response(request, tag, lambda: map_values(found, form["method"]), BYTES)


class MapCurvesView(APIView):
    """How well a map agrees with the mask."""

    @extend_schema(parameters=[forms.MethodQuerySerializer], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """ROC and precision-recall curves with their areas, and the 3-D ROC measures; 404 without a mask."""
        form = parsed(forms.MethodQuerySerializer(data=request.query_params))
        return Response(map_curves(selectors.ready_map(request.user, id), **form))


class MapCountView(APIView):
    """What a threshold takes."""

    @extend_schema(parameters=[forms.ThresholdQuerySerializer], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Pixels at or above it, and hits and false alarms where a mask exists."""
        form = parsed(forms.ThresholdQuerySerializer(data=request.query_params))
        return Response(threshold_count(selectors.ready_map(request.user, id), **form))


class MapRegionsView(APIView):
    """The strongest regions."""

    @extend_schema(parameters=[forms.RegionsQuerySerializer], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Place, size and score of connected pixels above the threshold, with their spectrum and the background's."""
        form = parsed(forms.RegionsQuerySerializer(data=request.query_params))
        return Response(map_regions(selectors.ready_map(request.user, id), **form))


class MapNeighboursView(APIView):
    """What a pixel resembles."""

    @extend_schema(parameters=[forms.MapNeighbourQuerySerializer], responses=NeighboursSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """The nearest spectra among those that the map calls background."""
        form = parsed(forms.MapNeighbourQuerySerializer(data=request.query_params))
        return Response(map_neighbours(selectors.ready_map(request.user, id), **form))


class MapExportView(APIView):
    """Files for other programs."""

    @extend_schema(parameters=[forms.ExportQuerySerializer], responses={(200, BYTES): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID, kind: str) -> Any:
        """npy, geotiff, envi (a zip of header and data), png, or csv of the regions."""
        form = parsed(forms.ExportQuerySerializer(data=request.query_params))
        found = selectors.ready_map(request.user, id)
        made = export_map(found, kind, **form)
        return file_response(request, made.path, made.name, made.media_type, afterwards=made.discard)


class CompareView(APIView):
    """Maps side by side."""

    @extend_schema(parameters=[forms.CompareQuerySerializer], responses=forms.CompareSerializer)
    def get(self, request: Request) -> Response:
        """Scores and likeness of several maps and methods."""
        form = parsed(forms.CompareQuerySerializer(data=request.query_params))
        maps = selectors.visible_maps(request.user, form["ids"])
        names = [name for name in form["method"].split(",") if name]
        return Response(forms.CompareSerializer(compare_maps(maps, names)).data)
