"""Stars over REST: the table, one star, its spectrum and picture."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from ml_core.stellar.spectra.lines import FEATURES
from stellar import selectors
from stellar.api import serializers
from stellar.api.serializers import parsed
from stellar.media import BYTES, PNG, tagged_response
from stellar.models import Star
from stellar.services.choose_stars import choose_stars
from stellar.services.read_star import read_picture, read_spectrum, spectrum_bytes
from stellar.services.set_class import set_class
from stellar.star_query import StarQuery
from stellar.storage import image_path, spectrum_path


class StarListView(APIView):
    """The table of stars."""

    @extend_schema(
        operation_id="stellar_stars_list", parameters=[serializers.StarListQuerySerializer],
        responses=serializers.StarPageSerializer,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Stars of one survey, or of all, filtered and sorted; the cost of a page does not depend on how far it is."""
        form = parsed(serializers.StarListQuerySerializer(data=request.query_params))
        query = StarQuery.parse(request.query_params)
        page = selectors.star_page(
            request.user, query, cursor=form.get("cursor", ""), size=form["page_size"], count=form["count"]
        )
        body = {"next": link(request, page.next), "previous": link(request, page.previous), "count": page.count,
                "results": page.rows}  # fmt: skip
        return Response(serializers.StarPageSerializer(body).data)


class StarView(APIView):
    """One star."""

    @extend_schema(parameters=[serializers.StarFilterSerializer], responses=serializers.StarSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Everything that is known, and its neighbours in the table with the same filters."""
        query = StarQuery.parse({"survey": "", **request.query_params.dict()})
        return Response(answer(request, selectors.visible_star(request.user, id), query))

    @extend_schema(request=serializers.ClassSerializer, responses=serializers.StarSerializer)
    def patch(self, request: Request, id: uuid.UUID) -> Response:
        """Give it another class than the catalogue's."""
        form = parsed(serializers.ClassSerializer(data=request.data))
        star = selectors.visible_star(request.user, id)
        set_class(star.survey, choose_stars(star.survey, stars=[star.id]), form["class"])
        return Response(answer(request, selectors.visible_star(request.user, id), StarQuery()))


class StarSpectrumView(APIView):
    """The spectrum of a star."""

    @extend_schema(
        parameters=[serializers.SpectrumQuerySerializer],
        responses={(200, "application/json"): OpenApiTypes.OBJECT, (200, BYTES): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, id: uuid.UUID) -> Any:
        """Wavelengths in Angstrom, flux and its error; null (NaN in binary) where a pixel was not measured."""
        form = parsed(serializers.SpectrumQuerySerializer(data=request.query_params))
        star = selectors.visible_star(request.user, id)
        if form["form"] == "binary":
            return tagged_response(request, file_tag(spectrum_path(star)), lambda: spectrum_bytes(star), BYTES)
        return Response(read_spectrum(star))


class StarPictureView(APIView):
    """The picture of a star."""

    @extend_schema(parameters=[serializers.PictureQuerySerializer], responses={(200, PNG): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID) -> Any:
        """As it is, or scaled."""
        form = parsed(serializers.PictureQuerySerializer(data=request.query_params))
        star = selectors.visible_star(request.user, id)
        tag = file_tag(image_path(star), form["size"])
        return tagged_response(request, tag, lambda: read_picture(star, form["size"]), PNG)


class FeaturesView(APIView):
    """Lines and bands."""

    @extend_schema(responses=serializers.FeatureSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Those that tell M stars apart, with vacuum and air wavelengths."""
        rows = []
        for feature in FEATURES:
            air = feature.in_air()
            rows.append({"name": feature.name, "kind": feature.kind, "start": feature.start, "end": feature.end,
                         "start_air": round(air.start, 2), "end_air": round(air.end, 2)})  # fmt: skip
        return Response(serializers.FeatureSerializer(rows, many=True).data)


def answer(request: Request, star: Star, query: StarQuery) -> dict[str, Any]:
    """A star with its place in a table."""
    wanted = replace(query, survey=star.survey_id)
    context = {"beside": selectors.stars_beside(request.user, star, wanted)}
    return dict(serializers.StarSerializer(star, context=context).data)


def link(request: Request, cursor: str) -> str | None:
    """The same address with another place in the table."""
    if not cursor:
        return None
    return str(replace_query_param(remove_query_param(request.build_absolute_uri(), "cursor"), "cursor", cursor))


def file_tag(path: Any, *more: Any) -> str:
    """Changes with the file."""
    status = path.stat()
    text = "|".join(map(str, (path, status.st_size, status.st_mtime_ns, *more)))
    return hashlib.sha256(text.encode()).hexdigest()[:40]
