"""The door to image classification on the overview: the closed loop, step by step."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.utils.translation import gettext_lazy as _

from cvstudio.architectures.models import Architecture
from cvstudio.common.overview import Door, Step, register_door
from cvstudio.datasets.models import Dataset
from cvstudio.runs.models import Run, RunState
from cvstudio.training.plan import CLASSIFY
from cvstudio.weights.models import Weight


def enter() -> None:
    """Register the door."""
    steps = (
        Step(_("Bring images"), "/datasets/", "dataset", _own(Dataset)),
        Step(_("Draw a network"), "/architectures/", "graph", _own(Architecture)),
        Step(_("Train it"), "/runs/new", "run", _trained),
        Step(_("Keep the weights"), "/weights/", "weight", _own(Weight)),
        Step(_("Predict"), "/inference/", "inference", _predicted),
    )
    summary = _("From a folder of images to predictions, live: sorted into classes by a network of your own.")
    sample = (_("Bring a sample: handwritten digits"), "/datasets/sample")
    register_door(Door("classification", _("Image classification"), summary, "image", steps, sample, order=10))


def _predicted(user: Any) -> int:
    # By name: inference stands to the right of training and is never imported here.
    return int(apps.get_model("inference", "InferenceJob").objects.filter(owner=user).count())


def _own(model: Any) -> Any:
    return lambda user: model.objects.filter(owner=user).count()


def _trained(user: Any) -> int:
    return Run.objects.filter(owner=user, recipe=CLASSIFY, state=RunState.COMPLETED).count()
