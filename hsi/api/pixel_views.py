"""What is in a scene, over REST: pictures, bands, spectra, statistics."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from hsi import selectors
from hsi.api import serializers
from hsi.api.serializers import parsed
from hsi.media import BYTES, PNG, tagged_response
from hsi.services.draw_scene import false_colour, picture_key, thumbnail
from hsi.services.find_neighbours import scene_neighbours
from hsi.services.read_pixels import band_bytes
from hsi.services.read_spectra import band_histogram, read_spectra, read_spectrum, scene_statistics


class PreviewView(APIView):
    """A picture of a scene."""

    @extend_schema(parameters=[serializers.PreviewQuerySerializer], responses={(200, PNG): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID) -> Any:
        """Three bands as red, green, blue; one in grey; without bands, the preview of the import."""
        form = parsed(serializers.PreviewQuerySerializer(data=request.query_params))
        scene = selectors.ready_scene(request.user, id)
        text = form.pop("bands", "")
        tag = picture_key(scene.fingerprint, text, *form.values())
        if not text:
            return tagged_response(request, tag, lambda: thumbnail(scene, form["size"]), PNG)
        bands = [int(part) for part in text.split(",")]
        return tagged_response(request, tag, lambda: false_colour(scene, bands, **form), PNG)


class BandView(APIView):
    """The numbers of a band."""

    @extend_schema(responses={(200, BYTES): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID, band: int) -> Any:
        """Little-endian float32, row by row."""
        scene = selectors.ready_scene(request.user, id)
        tag = picture_key(scene.fingerprint, "band", band)
        return tagged_response(request, tag, lambda: band_bytes(scene, band), BYTES)


class SpectrumView(APIView):
    """The spectrum of a pixel."""

    @extend_schema(parameters=[serializers.PixelQuerySerializer], responses=serializers.SpectrumSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """One number for each band; null where nothing was measured."""
        form = parsed(serializers.PixelQuerySerializer(data=request.query_params))
        return Response(read_spectrum(selectors.ready_scene(request.user, id), **form))


class SpectraView(APIView):
    """The spectra of several pixels."""

    @extend_schema(parameters=[serializers.PixelsQuerySerializer], responses=serializers.SpectraSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """With ``background`` also mean and spread of what surrounds them."""
        form = parsed(serializers.PixelsQuerySerializer(data=request.query_params))
        return Response(read_spectra(selectors.ready_scene(request.user, id), **form))


class HistogramView(APIView):
    """The values of a band."""

    @extend_schema(parameters=[serializers.BandQuerySerializer], responses=serializers.HistogramSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Counts in equal bins."""
        form = parsed(serializers.BandQuerySerializer(data=request.query_params))
        return Response(band_histogram(selectors.ready_scene(request.user, id), form["band"]))


class StatisticsView(APIView):
    """What the import measured."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Mean, deviation, range, noise and histogram of each band; wavelengths; which bands are good."""
        return Response(scene_statistics(selectors.ready_scene(request.user, id)))


class NeighboursView(APIView):
    """What a pixel resembles."""

    @extend_schema(parameters=[serializers.NeighbourQuerySerializer], responses=serializers.NeighboursSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """The nearest spectra of the background, outside the surroundings of the pixel."""
        form = parsed(serializers.NeighbourQuerySerializer(data=request.query_params))
        return Response(scene_neighbours(selectors.ready_scene(request.user, id), **form))
