"""What is done to many stars at once, screening, and exports, over REST."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.common.file_response import file_response
from stellar import selectors
from stellar.api import action_serializers as forms
from stellar.api.serializers import ChangedSerializer, StarFilterSerializer, StarRowSerializer, parsed
from stellar.export_columns import COLUMNS
from stellar.media import BYTES
from stellar.models import Star, Survey
from stellar.services.choose_stars import choose_stars
from stellar.services.delete_stars import delete_stars
from stellar.services.export_stars import export_stars
from stellar.services.read_prediction import nearest_stars
from stellar.services.screen_stars import decide, screening_counts, screening_queue, undo
from stellar.services.set_class import set_class
from stellar.star_query import StarQuery


class SetClassView(APIView):
    """Classes that people give."""

    @extend_schema(request=forms.ChosenClassSerializer, responses=ChangedSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Give stars another class than the catalogue's; empty for unknown."""
        form = parsed(forms.ChosenClassSerializer(data=request.data))
        survey = selectors.ready_survey(request.user, id)
        return Response({"changed": set_class(survey, chosen(survey, form), form["class"])})


class DeleteStarsView(APIView):
    """Stars that are not wanted."""

    @extend_schema(request=forms.NamedStarsSerializer, responses=ChangedSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Take stars out of the survey, with their files; 409 while a run is at work on it."""
        form = parsed(forms.NamedStarsSerializer(data=request.data))
        survey = selectors.ready_survey(request.user, id)
        return Response({"changed": delete_stars(survey, chosen(survey, form))})


class ScreeningView(APIView):
    """Pictures to accept or reject."""

    @extend_schema(parameters=[forms.ScreeningQuerySerializer], responses=forms.ScreeningSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Those that wait, the flagged ones first."""
        form = parsed(forms.ScreeningQuerySerializer(data=request.query_params))
        survey = selectors.ready_survey(request.user, id)
        body = {"counts": screening_counts(survey), "results": screening_queue(survey, **form)}
        return Response(forms.ScreeningSerializer(body).data)

    @extend_schema(request=forms.DecisionSerializer, responses=forms.DecidedSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Accept, reject, or leave open again."""
        form = parsed(forms.DecisionSerializer(data=request.data))
        survey = selectors.ready_survey(request.user, id)
        changed = decide(survey, chosen(survey, form), form["decision"])
        return decided(survey, changed, lambda: chosen(survey, form))


class UndoView(APIView):
    """The last decision."""

    @extend_schema(request=None, responses=forms.DecidedSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Take it back; what was decided together is taken back together. 404 when nothing was decided."""
        survey = selectors.ready_survey(request.user, id)
        stars = undo(survey)
        return decided(survey, len(stars), lambda: stars)


class StarClassificationsView(APIView):
    """What classifiers say of a star."""

    @extend_schema(responses=forms.ClassificationSerializer(many=True))
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """One answer of each prediction, newest first."""
        star = selectors.visible_star(request.user, id)
        rows = selectors.classifications_of(star)
        context = {"shown": star.survey.shown_id}
        return Response(forms.ClassificationSerializer(rows, many=True, context=context).data)


class StarNeighboursView(APIView):
    """Alike stars."""

    @extend_schema(parameters=[forms.StarNeighboursQuerySerializer], responses=forms.StarNeighboursSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """The nearest ones in the embedding of a prediction; 404 where the star was not classified."""
        form = parsed(forms.StarNeighboursQuerySerializer(data=request.query_params))
        star = selectors.visible_star(request.user, id)
        prediction = selectors.prediction_of(star.survey, request.user, prediction=form["prediction"])
        found = nearest_stars(prediction, star, form["count"])
        rows = [{**StarRowSerializer(row).data, "distance": distance} for row, distance in found]
        return Response({"prediction": str(prediction.id), "neighbours": rows})


class ColumnsView(APIView):
    """Columns of exports."""

    @extend_schema(responses=forms.ColumnSerializer(many=True))
    def get(self, request: Request) -> Response:
        """With units, by group."""
        return Response(forms.ColumnSerializer(COLUMNS, many=True).data)


class ExportView(APIView):
    """Tables for other programs."""

    @extend_schema(
        parameters=[forms.ExportStarsQuerySerializer, StarFilterSerializer],
        responses={(200, BYTES): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, id: uuid.UUID, kind: str) -> Any:
        """csv (ECSV, with units), votable or fits; the filters of the table of stars say which."""
        form = parsed(forms.ExportStarsQuerySerializer(data=request.query_params))
        survey = selectors.ready_survey(request.user, id)
        query = StarQuery.parse({**request.query_params.dict(), "survey": str(survey.id)})
        columns = [name.strip() for name in form["columns"].split(",") if name.strip()]
        stars = selectors.matching_stars(request.user, query)
        made = export_stars(survey, stars, kind, columns=columns, plain=form["plain"])
        return file_response(request, made.path, made.name, made.media_type, afterwards=made.discard)


def chosen(survey: Survey, form: dict[str, Any]) -> Any:
    """The stars that a form names."""
    return choose_stars(survey, stars=form.get("stars"), filters=form.get("filter"))


def decided(survey: Survey, changed: int, stars: Callable[[], Any]) -> Response:
    """How things stand; the stars themselves only where they are few."""
    rows: list[Star] = list(stars()[:20]) if changed <= 20 else []
    body = {"counts": screening_counts(survey), "changed": changed, "stars": rows}
    return Response(forms.DecidedSerializer(body).data)
