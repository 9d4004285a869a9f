"""Characters and their images over REST."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from anime import selectors
from anime.api import serializers
from anime.api.serializers import parsed
from anime.image_query import ImageQuery
from anime.models import Character
from anime.services.describe_character import describe_character
from cvstudio.common.api.pagination import PagePagination


class CharacterListView(ListAPIView):
    """Characters of a collection, or of all."""

    serializer_class = serializers.CharacterSerializer
    pagination_class = PagePagination
    queryset = Character.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        form = parsed(serializers.CharacterQuerySerializer(data=self.request.query_params))
        rows = selectors.listed_characters(self.request.user)
        return rows.filter(collection=form["collection"]) if "collection" in form else rows

    @extend_schema(parameters=[serializers.CharacterQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """In the order of their numbers."""
        return super().get(request, *args, **kwargs)


class CharacterView(APIView):
    """One character."""

    @extend_schema(responses=serializers.CharacterSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return Response(serializers.CharacterSerializer(selectors.visible_character(request.user, id)).data)

    @extend_schema(request=serializers.DescribeSerializer, responses=serializers.CharacterSerializer)
    def patch(self, request: Request, id: uuid.UUID) -> Response:
        """Write texts and notes about it."""
        form = parsed(serializers.DescribeSerializer(data=request.data))
        changed = describe_character(selectors.visible_character(request.user, id), **form)
        return Response(serializers.CharacterSerializer(changed).data)


class ImageListView(APIView):
    """Images of characters."""

    @extend_schema(
        operation_id="anime_images_list", parameters=[serializers.ImageQuerySerializer],
        responses=serializers.ImagePageSerializer,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Filtered and sorted; the cost of a page does not depend on how far it is."""
        form = parsed(serializers.ImageQuerySerializer(data=request.query_params))
        query = ImageQuery(
            collection=form.get("collection"), character=form.get("character"), source=form["source"],
            flag=form["flag"], text=form["search"], sort=form["sort"],
        )  # fmt: skip
        page = selectors.image_page(request.user, query, form["cursor"], form["page_size"])
        links = {"next": link(request, page.next_cursor), "previous": link(request, page.previous_cursor)}
        return Response({**links, "results": serializers.CharacterImageSerializer(page.rows, many=True).data})


class ImageView(APIView):
    """One image."""

    @extend_schema(responses=serializers.CharacterImageSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return Response(serializers.CharacterImageSerializer(selectors.visible_image(request.user, id)).data)


def link(request: Request, cursor: str) -> str | None:
    """The same address with another place in the list."""
    if not cursor:
        return None
    return str(replace_query_param(remove_query_param(request.build_absolute_uri(), "cursor"), "cursor", cursor))
