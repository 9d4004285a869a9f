"""What the page "New training" holds: choices of data, network and weights, settings, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cvstudio.architectures.models import ArchitectureVersion
from cvstudio.common.schema_form import SchemaForm, build_form
from cvstudio.common.schema_form.form import as_text
from cvstudio.datasets.models import AugmentationConfig, DatasetVersion
from cvstudio.runs.models import Run
from cvstudio.training.plan import CLASSIFY, Plan, make_plan, recipes_for, without_ours
from cvstudio.training.presets import AUGMENTATION_TITLES, AUGMENTATIONS, PRESETS, RECIPE_TITLES
from cvstudio.weights.models import WeightVersion
from ml_core.run.config import find_faults
from ml_core.run.registry import get_recipe
from ml_core.run.search.config import merged

PREFIX = "config"
OURS = ("data.version", "data.root", "graph", "initial_weights")
AUGMENT = "augment"
MAX_CHOICES = 300


@dataclass
class Draft:
    """A training that a person is putting together.

    Attributes:
        choices: Ids of the chosen data set version, architecture version and weight; empty when not chosen.
        recipe: What trains.
        settings: The recipe's settings as far as they were given.
        name: Name of the run; made up when empty.
        notes: Free text.
        preset: Key of the preset that was chosen last.
        parent: The run that this one is cloned from.
        acknowledged: Codes of yellow findings that were accepted.
        augmentation: Id of the saved augmentation that the settings hold, where one was asked for.
    """

    choices: dict[str, str]
    recipe: str = CLASSIFY
    settings: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    notes: str = ""
    preset: str = ""
    parent: Run | None = None
    acknowledged: list[str] = field(default_factory=list)
    augmentation: str = ""

    @property
    def complete(self) -> bool:
        """Whether data and network are chosen."""
        return bool(self.choices["dataset_version"] and (self.choices["architecture_version"] or not self.needs_graph))

    @property
    def needs_graph(self) -> bool:
        """Whether a network must be drawn; the settings of all others name one."""
        return self.recipe == CLASSIFY

    def form(self, mark_faults: bool = False) -> SchemaForm:
        """Return the form of the settings, with the faults beside the fields when asked for."""
        config = get_recipe(self.recipe).config
        faults = find_faults(config, _with_ours(self.settings)) if mark_faults else None
        schema = config.model_json_schema()
        return build_form(schema, self.settings, faults, prefix=PREFIX, presets=PRESETS[self.recipe], leave_out=OURS)

    @property
    def augment_key(self) -> str:
        """Key of the named or saved augmentation that is chosen; empty for one of its own."""
        if self.augmentation:
            return self.augmentation
        operations = self.settings.get(AUGMENT) or []
        return next((key for key, known in AUGMENTATIONS[self.recipe].items() if known == operations), "")

    def plan(self, user: Any) -> Plan:
        """Return the plan.

        Raises:
            NothingSuchError: A choice is not among what the user may see.
        """
        ids = {key: _uuid(value) for key, value in self.choices.items()}
        return make_plan(user, settings=self.settings, recipe=self.recipe, **ids)


def empty_draft(user: Any, query: Mapping[str, str]) -> Draft:
    """Return a draft with what the address names.

    ``?dataset_version=&architecture_version=&weight=&recipe=&augmentation=``, the last of them the id of a saved one.
    """
    wanted = {"dataset_version": "dataset_version", "architecture_version": "architecture_version"}
    choices = {key: query.get(name, "") for key, name in {**wanted, "initial_weights": "weight"}.items()}
    _choose_the_only_one(user, choices)
    recipe = _recipe_of(user, choices["dataset_version"], query.get("recipe", ""))
    preset = PRESETS[recipe][0]
    settings = _settings_of(preset.values)
    named = _uuid(query.get("augmentation", ""))
    saved = AugmentationConfig.objects.visible_to(user).filter(id=named).first() if named else None
    if saved is None:
        return Draft(choices, recipe, settings, preset=preset.key)
    settings[AUGMENT] = saved.operations
    return Draft(choices, recipe, settings, preset=preset.key, augmentation=str(saved.id))


def clone_draft(run: Run, changes: str = "") -> Draft:
    """Return a draft like an earlier run, with ``changes`` (JSON of dotted settings) typed into it already."""
    choices = {
        "dataset_version": str(run.dataset_version_id or ""),
        "architecture_version": str(run.architecture_version_id or ""),
        "initial_weights": "",
    }
    accepted = list(run.preflight.get("acknowledged", []))
    settings = merged(without_ours(run.config), _dotted(changes))
    return Draft(choices, run.recipe, settings, run.name, run.notes, parent=run, acknowledged=accepted)


def _dotted(text: str) -> dict[str, Any]:
    """The settings that an address names; what is no such thing names none."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return {key: value for key, value in found.items() if key not in OURS} if isinstance(found, dict) else {}


def posted_draft(user: Any, posted: Any, parent: Run | None) -> Draft:
    """Return what was typed."""
    choices = {key: posted.get(key, "") for key in ("dataset_version", "architecture_version", "initial_weights")}
    recipe = _recipe_of(user, choices["dataset_version"], posted.get("recipe", ""))
    form = build_form(get_recipe(recipe).config.model_json_schema(), prefix=PREFIX, leave_out=OURS)
    return Draft(
        choices=choices,
        recipe=recipe,
        settings=form.values(posted),
        name=posted.get("name", "").strip()[:200],
        notes=posted.get("notes", "")[:10_000],
        preset=posted.get("preset", ""),
        parent=parent,
        acknowledged=posted.getlist("acknowledge"),
    )


def choices_for(user: Any, draft: Draft) -> dict[str, Any]:
    """Return what may be chosen: ready data, valid networks and weights, the newest first; and what is chosen."""
    data = DatasetVersion.objects.visible_to(user).filter(state=DatasetVersion.State.READY).select_related("dataset")
    graphs = ArchitectureVersion.objects.visible_to(user).filter(valid=True).select_related("architecture")
    tasks = {CLASSIFY, draft.recipe}  # all may start from a classifier with the same backbone
    weights = WeightVersion.objects.visible_to(user).filter(weight__task__in=tasks).select_related("weight")
    versions = _named(data.order_by("-created_at").defer("statistics", "evidence"), draft, "dataset")
    for version in versions:
        version.recipes = recipes_for(version)
    chosen = next((version for version in versions if str(version.id) == draft.choices["dataset_version"]), None)
    return {
        "datasets": versions,
        "recipes": [(recipe, RECIPE_TITLES[recipe]) for recipe in (chosen.recipes if chosen else [])],
        "architectures": _named(graphs.order_by("-created_at").defer("document"), draft, "architecture"),
        "augmentations": augmentations_for(user, draft.recipe),
        "weights": list(weights.order_by("-created_at")[:MAX_CHOICES]),
    }


def _choose_the_only_one(user: Any, choices: dict[str, str]) -> None:
    """Where there is one ready data set, or one valid network, it is meant."""
    ready = DatasetVersion.objects.visible_to(user).filter(state=DatasetVersion.State.READY)
    valid = ArchitectureVersion.objects.visible_to(user).filter(valid=True)
    for noun, versions in (("dataset", ready), ("architecture", valid)):
        if not choices[f"{noun}_version"]:
            newest = list(versions.order_by("-created_at").values_list("id", f"{noun}_id")[:MAX_CHOICES])
            if len({owner for _, owner in newest}) == 1:
                choices[f"{noun}_version"] = str(newest[0][0])


def _recipe_of(user: Any, dataset_version: str, wish: str) -> str:
    """What trains on a data set version: the wish where the data allow it; classification when none is chosen."""
    version = _uuid(dataset_version)
    chosen = DatasetVersion.objects.visible_to(user).filter(id=version).first() if version else None
    allowed = recipes_for(chosen) if chosen else [CLASSIFY]
    return wish if wish in allowed else allowed[0]


def augmentations_for(user: Any, recipe: str) -> list[dict[str, Any]]:
    """Return what may be chosen as augmentation: the named ones, then those that the person saved."""
    named = [
        {"key": key, "title": AUGMENTATION_TITLES.get(key, key), "text": as_text("json", operations)}
        for key, operations in AUGMENTATIONS[recipe].items()
    ]
    saved = AugmentationConfig.objects.visible_to(user).order_by("name")[:MAX_CHOICES]
    return named + [{"key": str(one.id), "title": one.name, "text": as_text("json", one.operations)} for one in saved]


def _named(versions: Any, draft: Draft, noun: str) -> list[Any]:
    """Current versions first, and an older one only when it is the chosen one."""
    chosen = draft.choices[f"{noun}_version"]
    newest: dict[Any, Any] = {}
    kept = []
    for version in versions[:MAX_CHOICES]:
        owner = getattr(version, f"{noun}_id")
        if owner not in newest:
            newest[owner] = version
            kept.append(version)
        elif str(version.id) == chosen:
            kept.append(version)
    return kept


def _settings_of(values: Mapping[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for key, value in values.items():
        place = settings
        *parents, last = key.split(".")
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return settings


def _with_ours(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what the studio sets, so that only the person's own faults are named."""
    return {**settings, "graph": {}, "data": {**settings.get("data", {}), "version": "chosen", "root": "chosen"}}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
