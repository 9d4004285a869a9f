"""What a training is made of: data, a network, and settings; and how these become a recipe's configuration."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import F

from cvstudio.architectures.models import ArchitectureVersion
from cvstudio.datasets.models import DatasetVersion
from cvstudio.training.errors import NothingSuchError, NotTrainableError
from cvstudio.weights import library
from cvstudio.weights.models import WeightVersion
from ml_core.run.config import parse_config
from ml_core.run.registry import get_recipe

if TYPE_CHECKING:
    from pydantic import BaseModel

    from cvstudio.accounts.models import User

CLASSIFY, DETECT, SEGMENT = RECIPES = ("vision.classify", "vision.detect", "vision.segment")
#: Which part of a network the settings name where none is drawn, beside its backbone.
_HEADS = {DETECT: "detector", SEGMENT: "decoder"}
# These come from what the user may see in the studio, never as paths from outside.
_OURS = {"data": ("version", "root"), "": ("graph", "initial_weights")}


@dataclass(frozen=True)
class Plan:
    """A training that may be checked and started.

    Attributes:
        owner: Who trains.
        dataset_version: What to learn from.
        architecture_version: What to train; all but classifiers can do without, on a backbone that the settings name.
        settings: The recipe's configuration without data, graph and weights.
        initial_weights: What to start from; random or published weights without.
        recipe: What trains.
    """

    owner: User
    dataset_version: DatasetVersion
    architecture_version: ArchitectureVersion | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    initial_weights: WeightVersion | None = None
    recipe: str = CLASSIFY

    @property
    def network_name(self) -> str:
        """What the network is called."""
        if self.architecture_version is not None:
            return str(self.architecture_version.architecture.name)
        config = self.config()
        return f"{config[_HEADS[self.recipe]]} {config['backbone']}"

    def config(self) -> dict[str, Any]:
        """The recipe's complete configuration.

        Raises:
            ConfigError: A setting is unknown or out of its bounds.
        """
        values = without_ours(self.settings)
        version = self.dataset_version
        given = values.get("data", {})
        if isinstance(given, dict):  # what else it may be is told by the check below
            values["data"] = {**given, "version": version.folder, "root": version.root}
        if self.architecture_version is not None:
            values["graph"] = self.architecture_version.document
        if self.initial_weights is not None:
            values["initial_weights"] = str(library.folder_of(self.initial_weights))
        checked: BaseModel = parse_config(get_recipe(self.recipe).config, values)
        return checked.model_dump(mode="json")


def make_plan(
    owner: User,
    *,
    settings: Mapping[str, Any],
    dataset: UUID | None = None,
    dataset_version: UUID | None = None,
    architecture: UUID | None = None,
    architecture_version: UUID | None = None,
    initial_weights: UUID | None = None,
    recipe: str | None = None,
) -> Plan:
    """Find what the ids name, among what the user may see. Without a version, the current one is meant.

    Without a recipe, the first is meant that the data allow.

    Raises:
        NothingSuchError: An id names nothing that the user may see; ``where`` is the parameter.
        NotTrainableError: The recipe cannot learn from these data.
    """
    data = _find(DatasetVersion, owner, "dataset", dataset, dataset_version)
    allowed = recipes_for(data)
    if recipe and recipe not in allowed:
        raise NotTrainableError(
            f"{recipe} cannot learn from this data set.",
            hint=f"It allows {' and '.join(allowed)}. A segmentation needs polygons or masks.", where="recipe",
        )  # fmt: skip
    network = None
    if architecture or architecture_version or allowed == [CLASSIFY]:
        network = _find(ArchitectureVersion, owner, "architecture", architecture, architecture_version)
    return Plan(
        owner=owner,
        dataset_version=data,
        architecture_version=network,
        settings=dict(settings),
        initial_weights=_weights(owner, initial_weights) if initial_weights else None,
        recipe=recipe or allowed[0],
    )


def recipes_for(version: DatasetVersion) -> list[str]:
    """What can be trained on a data set version, the usual first."""
    if version.task == DatasetVersion.Task.CLASSIFY:
        return [CLASSIFY]
    return [DETECT, SEGMENT] if count_shapes(version) else [DETECT]


def count_shapes(version: DatasetVersion) -> int:
    """How many polygons and masks its annotations have."""
    annotations = version.counts.get("annotations", {})
    return int(annotations.get("polygons", 0)) + int(annotations.get("masks", 0))


def without_ours(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the settings without what the studio fills in."""
    values = copy.deepcopy(dict(settings))
    for section, keys in _OURS.items():
        part = values.get(section) if section else values
        for key in keys:
            if isinstance(part, dict):
                part.pop(key, None)
    return values


def _find(model: Any, owner: User, noun: str, whole: UUID | None, version: UUID | None) -> Any:
    if version is not None:
        found = model.objects.visible_to(owner).select_related(noun).filter(id=version).first()
    elif whole is not None:
        current = {f"{noun}_id": whole, f"{noun}__current_version": F("id")}
        found = model.objects.visible_to(owner).select_related(noun).filter(**current).first()
    else:
        found = None
    if found is None:
        named = f"{noun}_version" if version is not None else noun
        raise NothingSuchError(
            f"There is no such {noun.replace('dataset', 'data set')} version.",
            hint=f"Give the id of one of yours as {noun}, or of one of its versions as {noun}_version.",
            where=named,
        )
    return found


def _weights(owner: User, weight_version: UUID) -> WeightVersion:
    found = WeightVersion.objects.visible_to(owner).filter(id=weight_version).first()
    if found is None:
        raise NothingSuchError("There is no such weight.", hint="Give the id of one of yours.", where="initial_weights")
    return found
