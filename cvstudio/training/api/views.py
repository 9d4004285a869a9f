"""Training runs: list, create, read, change, delete, control, clone, compare."""

from __future__ import annotations

import uuid
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.accounts.current import current_user
from cvstudio.common.api.pagination import KeysetPagination
from cvstudio.runs.models import Run
from cvstudio.runs.selectors import run_details, runs_for
from cvstudio.runs.services.control_run import control_run
from cvstudio.runs.services.delete_run import delete_run
from cvstudio.runs.services.rename_run import rename_run
from cvstudio.runs.services.repeat_run import repeat_run
from cvstudio.runs.services.start_search import start_search
from cvstudio.training.api import serializers
from cvstudio.training.api.filters import RunFilter
from cvstudio.training.api.serializers import parsed
from cvstudio.training.plan import make_plan
from cvstudio.training.services.clone_training import clone_training
from cvstudio.training.services.compare_trainings import compare_trainings
from cvstudio.training.services.create_training import create_training
from cvstudio.training.services.preflight import preflight

PLAN_PARTS = ("recipe", "dataset", "dataset_version", "architecture", "architecture_version", "initial_weights")


def visible_run(request: Request, id: uuid.UUID) -> Run:
    """The run, or 404 for what the person may not see."""
    return get_object_or_404(run_details(request.user), id=id)


def plan_from(request: Request, form: dict[str, Any]) -> Any:
    """Take the parts of a plan out of a form."""
    named = {name: form.pop(name, None) for name in PLAN_PARTS}
    return make_plan(current_user(request), settings=form.pop("config"), **named)


class TrainingListView(ListAPIView):
    """Runs of every recipe, newest first."""

    serializer_class = serializers.RunSummarySerializer
    pagination_class = KeysetPagination
    filterset_class = RunFilter
    queryset = Run.objects.none()

    def get_queryset(self) -> Any:
        """Rows that the person may see."""
        return runs_for(self.request.user)

    @extend_schema(request=serializers.CreateSerializer, responses={201: serializers.RunSerializer})
    def post(self, request: Request) -> Response:
        """Train a network on a data set. 409 when the checks block it or ask; 429 when too many runs wait."""
        form = parsed(serializers.CreateSerializer(data=request.data))
        run = create_training(plan_from(request, form), **form)
        return Response(serializers.RunSerializer(visible_run(request, run.id)).data, status.HTTP_201_CREATED)


class TrainingView(APIView):
    """One run."""

    @extend_schema(responses=serializers.RunSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Read."""
        return Response(serializers.RunSerializer(visible_run(request, id)).data)

    @extend_schema(request=serializers.ChangeSerializer, responses=serializers.RunSerializer)
    def patch(self, request: Request, id: uuid.UUID) -> Response:
        """Give it another name or notes."""
        form = parsed(serializers.ChangeSerializer(data=request.data))
        rename_run(visible_run(request, id), **form)
        return Response(serializers.RunSerializer(visible_run(request, id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Delete it with its files; 409 while it is at work or needed."""
        delete_run(visible_run(request, id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ControlView(APIView):
    """Requests to a run."""

    @extend_schema(request=serializers.ControlSerializer, responses=serializers.RunSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Pause, resume, stop, or make a checkpoint. 409 when the run is in no state for it."""
        form = parsed(serializers.ControlSerializer(data=request.data))
        control_run(visible_run(request, id), form["action"])
        return Response(serializers.RunSerializer(visible_run(request, id)).data)


class CheckpointRequestView(APIView):
    """A checkpoint by hand."""

    @extend_schema(request=None, responses={202: serializers.RunSerializer})
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Ask for one. It is listed, and told on the socket, as soon as it lies on the disk."""
        control_run(visible_run(request, id), "checkpoint")
        return Response(serializers.RunSerializer(visible_run(request, id)).data, status.HTTP_202_ACCEPTED)


class PreflightView(APIView):
    """The checks before a training."""

    @extend_schema(request=serializers.PreflightSerializer, responses=serializers.ReportSerializer)
    def post(self, request: Request) -> Response:
        """Check a plan without starting it: red findings block, yellow ones ask."""
        form = parsed(serializers.PreflightSerializer(data=request.data))
        measure = form.pop("measure")
        return Response(preflight(plan_from(request, form), measure=measure).as_dict())


class CloneView(APIView):
    """The same again, a little different."""

    @extend_schema(request=serializers.CloneSerializer, responses={201: serializers.RunSerializer})
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Queue a run with the same data, network and settings, and these changes."""
        form = parsed(serializers.CloneSerializer(data=request.data))
        run = clone_training(visible_run(request, id), owner=current_user(request), changes=form.pop("config"), **form)
        return Response(serializers.RunSerializer(visible_run(request, run.id)).data, status.HTTP_201_CREATED)


class RepeatView(APIView):
    """The very same again."""

    @extend_schema(request=None, responses={201: serializers.RunSerializer})
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Queue a repetition; it ends with a verdict: equal to the last bit, or where it first differs."""
        run = repeat_run(visible_run(request, id), current_user(request))
        return Response(serializers.RunSerializer(visible_run(request, run.id)).data, status.HTTP_201_CREATED)


class SearchView(APIView):
    """Many times, each with other settings."""

    @extend_schema(request=serializers.SearchSerializer, responses={201: serializers.RunSerializer})
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Queue a search for better settings than those of this run."""
        form = parsed(serializers.SearchSerializer(data=request.data))
        run = start_search(visible_run(request, id), current_user(request), **form)
        return Response(serializers.RunSerializer(visible_run(request, run.id)).data, status.HTTP_201_CREATED)


class CompareView(APIView):
    """Several runs side by side."""

    @extend_schema(parameters=[serializers.CompareQuerySerializer], responses=serializers.ComparisonSerializer)
    def get(self, request: Request) -> Response:
        """Differences of settings, metrics, and the named curves. Runs that the person may not see are left out."""
        form = parsed(serializers.CompareQuerySerializer(data=request.query_params))
        found = {run.id: run for run in run_details(request.user).filter(id__in=form["ids"])}
        runs = [found[run_id] for run_id in form["ids"] if run_id in found]
        answer = {"runs": runs, **compare_trainings(runs, form["names"], form["points"])}
        return Response(serializers.ComparisonSerializer(answer).data)
